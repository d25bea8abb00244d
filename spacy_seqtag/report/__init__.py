"""What annotation looks like: text for the terminal, HTML with displaCy."""
