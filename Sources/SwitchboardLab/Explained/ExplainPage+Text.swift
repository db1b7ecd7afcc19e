import SwitchboardBase

extension ExplainPage {
  static let introduction = """
    <h1>Six ways to serve</h1>
    <p class="lead">A server has several clients, and each of them is silent for most of the time. Whom does
    it listen to? There are six answers, each of which was found since the one before cost too much. Here
    they serve the same clients, on one clock, a step at a time.</p>
    <p>The four event loops are no drawings of an idea. They are <em>real traces</em>: the library's own loop
    ran over a simulated kernel and network, and every call, answer and time that you see is one that it made.
    The two that block are a <em>model</em>, reckoned with the same times, and say so. Times are those of the
    simulation: about two microseconds for a call, four for the way between a client and the server.</p>
    """

  /// What stands above the steps of a recording.
  static func introduction(_ recording: ExplainedRecording, of title: String) -> String {
    let more =
      recording.leftOut > 0
      ? " \(Figures.counted(recording.leftOut, "callback")) more are not played: --from and --to choose a part."
      : ""
    return """
      <h1>What a server did, step by step</h1>
      <p class="lead">\(Markup.escaped(title)), loop \(recording.loop): every wait, callback and send of it as it was recorded,
      in its order and with its times.\(more)</p>
      <p>Nothing here is reckoned. What is not recorded is not shown: when a client asked, and calls that accept and
      receive. That a client <em>is ready</em> is known from the end of the wait that found it; from there to its callback it waits for
      its turn.</p>
      """
  }

  static let widget = """
    <section id="play" aria-label="The six servers">
    <noscript><p class="warn">The picture is made by a script: switch scripts on for it. The text below says
    the same without it.</p></noscript>
    <div class="knobs">
    <label>clients <select id="clients"><option value="3">3</option><option value="8">8</option></select></label>
    <label>silent connections <select id="idle"><option value="0">none</option><option value="30">30</option>
    </select></label>
    <label><input type="checkbox" id="slow"> client 1 asks for something that takes 400 µs</label>
    <label><input type="checkbox" id="deaf"> one more asks for 3 MiB and does not read</label>
    </div>
    <div class="bar">
    <button id="first" aria-label="to the beginning">|‹</button>
    <button id="back" aria-label="one step back">‹ back</button>
    <button id="run">play</button>
    <button id="on" aria-label="one step on">step ›</button>
    <input id="scrub" type="range" min="0" value="0" aria-label="place in the run">
    <span id="clock"></span>
    </div>
    <div class="lanes" id="lanes"></div>
    <ul class="legend">
    <li><i class="served"></i>its callback runs</li>
    <li><i class="wait"></i>asked, and waits for the reply</li>
    <li><i class="queue"></i>connected, and not accepted yet</li>
    <li><i class="work"></i>the server's thread works; gaps are sleep</li>
    </ul>
    <div class="detail" id="detail"></div>
    <h2>Who pays for it</h2>
    <p id="pays-lead">With the box above ticked, one callback takes 400 µs. What that costs the others is what they
    wait while it runs.</p>
    <div class="scroll"><table id="pays"></table></div>
    </section>
    """

  static let chapters = """
    <section class="text">
    <h2>1. One client at a time</h2>
    <p>The server accepts a client, and then asks the kernel for what it has sent: <code>recv</code>. When nothing has
    come, the call does not return: the thread sleeps until something does. That is simple to write and right for
    one client. The second one is connected, too, since the kernel does that by itself; its message lies in a
    buffer; and nobody reads it before the first one leaves. What it waits for is not work. It waits for
    another client's silence.</p>
    <details><summary>Tick “30 silent connections”. When is client 1 served here?</summary><p>Not before all thirty have
    left. They ask for nothing, cost no time of a processor, and keep everybody out.</p></details>
    <h2>2. A thread for each client</h2>
    <p>Let each client have a thread of its own to sleep in. The calls stay as they are, each thread's story is
    still a simple one, and nobody waits for another's silence, nor for another's slow request, as long as there is
    a processor to spare. The price is the thread: a stack, an entry in the scheduler, a switch for each
    message. Most of what is paid for sleeps.</p>
    <h2>3. select: one thread asks for all</h2>
    <p>The thread cannot sleep for one client and hear another. So it asks for all at once: <code>select</code> is given a
    set of descriptors, sleeps until any of them has something, and tells which. Then each call that follows finds
    what it asks for, and returns at once. Nobody owns the thread; it is lent for as long as a callback runs.</p>
    <p>The set is copied into the kernel and back at each wait, and the kernel looks at every descriptor in it, and
    the program looks through it for those that were found. And it holds descriptors below 1,024, and no
    others.</p>
    <details><summary>Thirty silent connections: what do they cost a wait of select's?</summary><p>A look each, at
    every wait, although nothing ever comes from them. Step through a few waits and watch “descriptors looked
    at”.</p></details>
    <h2>4. poll: the same without the wall</h2>
    <p><code>poll</code> takes an array in place of the sets: no limit of 1,024, and one entry for each connection. The kernel
    still goes through all of it at each wait. Against select it wins the wall, and not the cost.</p>
    <h2>5. epoll: the kernel remembers</h2>
    <p>What is watched hardly changes from one wait to the next; telling it anew each time is waste. With
    <code>epoll_ctl</code> a connection is told of once. From then on the kernel notes by itself to whom something has
    happened, and <code>epoll_wait</code> returns those and only those. Silent connections cost nothing. The calls that
    receive and send stay as they were: at least two for each message.</p>
    <h2>6. io_uring: not whether, but what</h2>
    <p>All of the above ask <em>whether</em> a call would succeed, and then make it. A ring turns that around: the program
    writes down <em>what it wants</em>, as entries in memory that the kernel reads: accept, receive, send. One call,
    <code>io_uring_enter</code>, submits any number of them and sleeps until some are done; what they brought stands in
    another ring. A receive stays armed: it is asked for once. Compare the system calls in the table: the more clients
    speak at the same time, the fewer there are for each.</p>
    <h2>What no loop can do</h2>
    <p>Tick “takes 400 µs” and look at the four loops. A loop never waits for a client's silence, and it still cannot do two
    things at the same time. While one callback runs nobody else is served, however good the mechanism. It is not
    the number of clients that a loop has to fear but its own slow callbacks; what takes long belongs into another
    thread. With threads it is the other way round.</p>
    <details><summary>Which of the six lets the others wait least while client 1's request is worked at, and why not
    always take that one?</summary><p>A thread for each. With three clients it costs three threads, with ten thousand ten
    thousand: <code>switchboard experiment threads-cost</code> measures both on this machine.</p></details>
    <h2>A peer that does not read</h2>
    <p>Tick “does not read”: one more client asks for three mebibytes and takes none of them. Both kernels hold a part of
    them; then there is no room. A <code>send</code> that blocks sleeps there until the client has gone: one at a time, so
    does everybody else. Calls of a loop do not sleep: <code>EAGAIN</code>. What is left stays in the server, which asks to be told
    when there is room, and goes on with the others. What that costs is memory, so it has to have a bound: this library
    stops reading from a client that leaves 64 KiB unsent, and closes at 8 MiB.</p>
    <h2>True or made up?</h2>
    <p>Each trace was made by <code>simulate</code>, with the seed 2017 and no faults, and looked at as every simulation is: each byte
    against what it must be. The number in a lane is the run's digest, made of every call, answer and time. Whoever
    runs <code>switchboard explain</code> again has the same numbers, or other code. What comes after the last client's leaving
    is left out. <code>switchboard demo</code> shows the same on the real kernel of this machine.</p>
    </section>
    """
}
