"""What a campaign came to, told so that it can be believed: `smsbot campaign report`."""
