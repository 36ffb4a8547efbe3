"""The operators' pages: what the people who run the platform see of every team, and what they change."""
