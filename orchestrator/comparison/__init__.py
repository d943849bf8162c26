"""Stored runs of two sides -> what differs between them, and what of it is no noise."""
