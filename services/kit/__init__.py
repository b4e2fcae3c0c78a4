"""The foundation: knows no customer and no deal."""
