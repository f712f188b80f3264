"""What is published of a study, and one page over the studies of several people."""
