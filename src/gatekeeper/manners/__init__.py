"""What the pages, the API and the provider share: cookies, CSRF, rendering, problems, and who is acting.

These are translations between HTTP and the flows. No rule is decided here and nothing is stored: a file here reads a
request into values that flows understand, or turns their results into headers and bodies.
"""
