"""The room of products: what a workspace sells."""
