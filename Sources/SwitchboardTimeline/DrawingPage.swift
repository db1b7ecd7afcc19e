import SwitchboardBase

/// A page with drawings in it: complete in itself, in its reader's light or dark colours, and on paper in the
/// light ones.
package enum DrawingPage {
  /// The whole page.
  ///
  /// - Parameters:
  ///   - title: What windows and tabs call it.
  ///   - style: Its own style sheet, behind the colours: `var(--tl-ink)` and so on.
  ///   - body: What is in it, as markup.
  package static func html(title: String, style: String, body: String) -> String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(Markup.escaped(title))</title>
    <style>
    :root{\(TimelineColors.variables(isDark: false))}
    @media screen and (prefers-color-scheme:dark){:root{\(TimelineColors.variables(isDark: true))}}
    \(style)
    </style>
    </head>
    <body>
    \(body)
    </body>
    </html>

    """
  }
}
