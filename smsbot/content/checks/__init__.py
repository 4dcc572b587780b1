"""The rules of `smsbot check`: one small module per family, every rule with a stable code."""
