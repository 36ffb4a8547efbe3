"""A year of fifty teams that never were: what pages are shown and measured on (`manage.py demo`)."""
