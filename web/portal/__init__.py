"""The portal: pages for staff, behind a login."""

from web.portal import account, calendar, inbox, login

routes = [*login.routes, *account.routes, *inbox.routes, *calendar.routes]
