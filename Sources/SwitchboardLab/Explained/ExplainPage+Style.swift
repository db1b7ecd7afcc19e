extension ExplainPage {
  static let style = """
    *{box-sizing:border-box}
    body{margin:0;background:var(--tl-page);color:var(--tl-ink);
      font:15.5px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
    main{max-width:1360px;margin:0 auto;padding:22px 24px 60px}
    h1{font-size:30px;line-height:1.2;margin:0 0 10px}h2{font-size:19px;margin:30px 0 6px}
    p{max-width:74ch;margin:0 0 12px}.lead{font-size:18px}.warn{color:var(--tl-wait)}
    code{font:0.9em ui-monospace,"DejaVu Sans Mono",monospace}
    #play{margin:20px 0 10px}
    .knobs,.bar{display:flex;flex-wrap:wrap;gap:8px 18px;align-items:center;margin:0 0 10px}
    .bar{gap:8px;position:sticky;top:0;z-index:3;background:var(--tl-page);padding:8px 0}
    button,select{font:inherit;font-size:14px;color:inherit;background:var(--tl-panel);
      border:1px solid var(--tl-line);border-radius:7px;padding:4px 12px;min-height:34px;cursor:pointer}
    button:hover,select:hover{border-color:var(--tl-faint)}
    #run{min-width:74px}#scrub{flex:1 1 160px;min-width:120px;accent-color:var(--tl-served)}
    #clock{min-width:150px;text-align:right;font-variant-numeric:tabular-nums;color:var(--tl-faint)}
    :focus-visible{outline:2px solid var(--tl-served);outline-offset:1px}
    .lanes{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:12px}
    .lane{display:flex;flex-direction:column;justify-content:flex-start;text-align:left;padding:10px 12px 8px;border-radius:10px;width:100%;line-height:1.35}
    .lane[aria-pressed=true]{border-color:var(--tl-served);box-shadow:0 0 0 1px var(--tl-served)}
    .lane .head{display:flex;justify-content:space-between;gap:8px}.lane b{font-size:15px}.lane .k{color:var(--tl-faint);font-size:12px;line-height:20px}
    .lane .now{display:block;font:12.5px/1.5 ui-monospace,"DejaVu Sans Mono",monospace;white-space:nowrap;
      overflow:hidden;text-overflow:ellipsis;margin:3px 0 5px;min-height:19px}
    .lane svg{display:block;width:100%}
    .lane .sum{display:flex;justify-content:space-between;gap:8px;font-size:12.5px;color:var(--tl-faint);
      font-variant-numeric:tabular-nums;margin-top:4px}
    svg text{fill:var(--tl-faint);font-size:11px}
    .legend{display:flex;flex-wrap:wrap;gap:4px 20px;list-style:none;padding:0;margin:10px 0;font-size:13.5px;
      color:var(--tl-faint)}
    .legend i{display:inline-block;width:16px;height:10px;border-radius:2px;margin-right:7px}
    i.served{background:var(--tl-served)}i.work{background:var(--tl-work)}
    i.wait{background:var(--tl-wait);height:4px;vertical-align:3px}
    i.queue{height:0;border-top:2px dotted var(--tl-wait);vertical-align:4px}
    .detail{display:grid;grid-template-columns:minmax(0,5fr) minmax(0,6fr);gap:12px 24px;margin:14px 0;
      padding:14px 16px;border:1px solid var(--tl-line);border-radius:10px;background:var(--tl-panel)}
    .detail h3{font-size:15px;margin:0 0 6px;grid-column:1/-1}
    .detail .say{grid-column:1/-1;font-size:16px;min-height:3.2em;margin:0;max-width:none}
    .steps{font:12.5px/1.65 ui-monospace,"DejaVu Sans Mono",monospace;margin:0;padding:0;list-style:none;
      white-space:nowrap;overflow:hidden}
    .steps li{padding:0 8px;border-radius:5px;overflow:hidden;text-overflow:ellipsis;min-height:1.65em}
    .steps .at{background:var(--tl-served);color:var(--tl-page)}.steps .later{color:var(--tl-faint)}
    .steps time{display:inline-block;width:84px;text-align:right;margin-right:12px}
    dl{display:grid;grid-template-columns:auto 1fr;gap:3px 14px;margin:0;align-content:start;font-size:14px}
    dt{color:var(--tl-faint)}dd{margin:0;font-variant-numeric:tabular-nums}
    .scroll{overflow-x:auto}
    table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:14.5px}
    th,td{text-align:right;padding:4px 0 4px 20px;border-bottom:1px solid var(--tl-line);white-space:nowrap}
    th:first-child,td:first-child{text-align:left;padding-left:0}
    th{color:var(--tl-faint);font-weight:600;white-space:normal;vertical-align:bottom}
    @media (min-width:1100px){.text{columns:2;column-gap:56px}.text h2{break-after:avoid;margin-top:0;
      padding-top:22px}.text p,.text details{break-inside:avoid;max-width:none}}
    details{max-width:74ch;border-left:3px solid var(--tl-served);padding:2px 0 2px 14px;margin:0 0 14px}
    summary{cursor:pointer;font-weight:600}details p{margin:6px 0 0}
    @media (max-width:1000px){.lanes{grid-template-columns:repeat(2,minmax(0,1fr))}}
    @media (max-width:640px){main{padding:14px 12px 40px}h1{font-size:25px}.lead{font-size:16.5px}
      .lanes{grid-template-columns:minmax(0,1fr)}.detail{grid-template-columns:minmax(0,1fr);padding:12px}
      #clock{flex:1 1 100%;text-align:left}.lane .k{display:none}th,td{padding-left:12px}
      .steps time{width:70px;margin-right:8px}
      #play{display:flex;flex-direction:column}.knobs{order:-3}.bar{order:-2}.detail{order:-1}}
    .recorded .knobs,.recorded #play h2,.recorded #pays,.recorded #pays-lead,.recorded i.queue,
      .recorded li:has(i.queue){display:none}
    .recorded .lanes{grid-template-columns:minmax(0,1fr)}
    @media print{.bar,.knobs{display:none}.lanes{grid-template-columns:repeat(2,minmax(0,1fr))}}
    """
}
