"""Observers replay the files of trials into a tracker; the files are the truth, a tracker is a view that can be
rebuilt.
"""
