// Package browsertest opens the pages of package web in a headless Chromium. It is a module of its
// own, so that the product does not depend on the driver of a browser.
package browsertest
