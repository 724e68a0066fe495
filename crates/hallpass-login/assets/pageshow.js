// Keeps the Back button from showing a protected page after logout. Browsers may keep a page as it was when it is left
// (the back/forward cache) and show it again without asking the server. Load this on every page that needs a login:
// the page is hidden while it is kept, and loaded anew when it comes back, so that the server decides who sees it.
addEventListener("pagehide", (event) => {
  if (event.persisted) document.documentElement.style.display = "none";
});
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
