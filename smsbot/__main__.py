"""`python -m smsbot` is the `smsbot` command."""

from smsbot.cli.main import main

main()
