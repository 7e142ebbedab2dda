"""Handing mail to a mail server, over SMTP, and nothing else.

What a mail says is written elsewhere (``manners.letters``), and when it is sent, and sent again, is decided elsewhere
(``flows.postman``). Here a server's many ways of not taking a message become three: it is away, it will not take this
one now, it will never take it. No password and no text of a mail is in what these say.
"""
