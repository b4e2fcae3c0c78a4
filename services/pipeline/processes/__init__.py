"""The room of processes: how a workspace sells, in versions, and the one door through which a record changes stage."""
