"""Flows, messages and channels as files: read strictly, checked wholly, compiled into `engine.model`."""
