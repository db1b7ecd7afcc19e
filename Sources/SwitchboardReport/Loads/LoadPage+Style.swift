extension LoadPage {
  static let style = """
    body{max-width:1360px}.sb .f-paper{fill:var(--sb-paper)}.sb .s-paper{stroke:var(--sb-paper)}
    #pictures{display:grid;grid-template-columns:minmax(0,1fr);gap:8px 40px;margin-top:18px}
    #pictures figure{margin:8px 0;min-width:0}
    #time .canvas{touch-action:pan-y;cursor:crosshair;user-select:none;-webkit-user-select:none}
    .legend{display:flex;flex-wrap:wrap;gap:2px 18px;list-style:none;margin:0 0 6px;padding:0;
    font-size:.82rem;color:var(--sb-f)}
    .legend li[hidden]{display:none}
    .legend i{display:inline-block;width:20px;height:0;margin-right:6px;vertical-align:.28em}
    .line{border-top:2px solid var(--sb-t)}.line.most{border-top-style:dashed}
    .line.due{border-color:var(--sb-amber)}.line.sent{border-color:var(--sb-blue)}
    .line.all{border-top:2px dotted var(--sb-f)}
    .legend .shade{height:11px;vertical-align:-1px;background:var(--sb-amber);opacity:.28}
    .legend .ramp i{width:64px;height:11px;vertical-align:-1px;margin:0 6px;
    background:linear-gradient(to right,transparent,var(--sb-blue));border:1px solid var(--sb-h)}
    #said{min-height:3em;font-variant-numeric:tabular-nums}
    .columns{display:flex;flex-wrap:wrap;gap:0 56px}.columns>*{min-width:0;max-width:100%}
    .columns h2{font-size:1rem;margin-top:16px}.columns ul{margin:0;padding-left:1.1em;max-width:60ch}
    #spans figure{flex:1 1 640px;max-width:760px;margin:4px -12px}
    @media (max-width:640px){#spans figure{flex-basis:100%}}
    ::marker{color:inherit}
    @media (min-width:1100px){#pictures{grid-template-columns:minmax(0,3fr) minmax(0,2fr)}}
    @media print{.hint{display:none}body{max-width:none}#pictures{display:block}
    #pictures figure{max-width:none;break-inside:avoid}.columns{display:block}
    .legend i,.sb{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
    """
}
