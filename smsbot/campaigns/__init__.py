"""Campaigns: a message or a flow to many people, priced, approved, paced, watched and stopped."""
