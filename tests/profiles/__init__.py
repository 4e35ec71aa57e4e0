"""Profiles: each turns a published data set into news documents, for tests.

A profile carries facts and figures over with their source named. Titles and the lines of a brief
are made here; no sentence of a data set is.
"""
