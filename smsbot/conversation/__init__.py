"""A turn, from the parsed event to the reply: USSD and SMS."""
