"""Saved views and what becomes of them: kept by name, shared, and watched for changes.

`shown` says what an address shows, `happenings` what changes did to it; the page, the feed and the
daily mail only write that down.
"""
