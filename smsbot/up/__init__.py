"""`smsbot up`: the whole service on one machine, every part of it a child process."""
