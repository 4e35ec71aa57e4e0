"""Addresses of the site as a whole. Pages are in `dashboards.urls`."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path

from dashboards.views import account

urlpatterns = [
    path("login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path("password/", account.PasswordChange.as_view(), name="password"),
    path("admin/", admin.site.urls),
    path("api/v1/", include("dashboards.api.urls")),
    path("views/", include("dashboards.watching.urls")),
    path("", include("dashboards.urls")),
]

handler400 = "dashboards.views.pages.bad_request"
handler404 = "dashboards.views.pages.not_found"
# Other errors are answered by Django's own handlers through templates/403.html, 403_csrf.html and
# 500.html.
