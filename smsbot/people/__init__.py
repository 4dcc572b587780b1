"""Contacts, consent, and what a person may ask of us: MYDATA, DELETE, corrections."""
