"""Pretend providers for tests and benchmarks.

Real HTTP, strict about what they are asked, and as slow, wrong or silent as they are told to be.
They count all they accept, so that a test can prove that nobody got a message twice and that the
rate was kept.

Loopback only: nothing here listens on, or posts to, another machine.
"""

from smsbot.fakegateway.behaviour import Behaviour, Fault, Receipts
from smsbot.fakegateway.server import FakeGateway
from smsbot.fakegateway.ussd import Page, UssdFault, UssdPhone

__all__ = ["Behaviour", "FakeGateway", "Fault", "Page", "Receipts", "UssdFault", "UssdPhone"]
