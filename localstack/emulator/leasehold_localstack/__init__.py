"""Lets LocalStack run without Docker: functions as local processes, DynamoDB Local from disk.

LocalStack finds this by the entry points in the .dist-info folder beside it. Both are on
PYTHONPATH and nothing of them is installed, so that a change counts from the next start.
"""
