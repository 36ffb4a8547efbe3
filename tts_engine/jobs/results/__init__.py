"""What a job has made, as files: an archive of all, one recording with chapters, lists.

All of it is made while it is sent, from the masters and answers that the store keeps; nothing is
stored twice. Rows are read a page at a time, so memory does not grow with them.
"""
