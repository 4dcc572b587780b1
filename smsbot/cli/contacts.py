"""`smsbot contacts import|export|erase`."""

from __future__ import annotations

import click
