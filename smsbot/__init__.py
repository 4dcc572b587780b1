"""An SMS and USSD service that teaches digital safety and takes reports of scams."""

__version__ = "0.1.0"
