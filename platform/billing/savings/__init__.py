"""What the requests spoken here would have cost elsewhere, less what speaking them here costs."""
