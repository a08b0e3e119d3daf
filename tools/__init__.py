"""What serves the repository and not its users."""
