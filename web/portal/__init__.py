"""The portal: pages for staff, behind a login."""

from web.portal import account, login

routes = [*login.routes, *account.routes]
