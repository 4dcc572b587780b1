"""The conversation engine: pure. It does no I/O, reads no clock and draws no random number.

Compiled content, a session, what was typed and the time go in; a session, a reply and effects come out.
"""
