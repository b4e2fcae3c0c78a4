"""The room of opportunities: deals on their way through the sales process."""
