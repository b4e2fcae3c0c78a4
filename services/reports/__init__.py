"""The room of reports: figures, and the files that workers render of them."""
