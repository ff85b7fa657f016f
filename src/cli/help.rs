//! The longer texts of the help. Each ends in examples that can be typed as they stand.

/// Columns at most; longer lines are hard to read, and man pages and screenshots stay the same.
pub(super) const WIDTH: usize = 90;

pub(super) const CHATY: &str = "\
A chat server whose bots are scripts you can edit while they run.

`chaty serve` is the server, `chaty join user NAME` the way in for people, and `chaty bot` \
the one for scripts. Anything that speaks lines over TCP can join too, `nc` for one.

Exit codes: 0 done; 1 it failed and said why in one line; 2 the command line is not right; \
130 or 143 for a second Ctrl-C or SIGTERM.";

pub(super) const CHATY_EXAMPLES: &str = "\
Examples:
  chaty serve --bots bots       a server with the bots of a folder
  chaty join user Neo           join it from another terminal
  chaty admin list              who is there
  chaty send \"build finished\"   say something from a script

`chaty COMMAND --help` tells more about each.";

pub(super) const LOG: &str = "\
What to log to standard error: error, warn, info, debug, trace, or a filter such as \
chaty=debug or info,chaty::serve=trace. Servers and bots log info by default, everything else \
warn. RUST_LOG is the same as this option, which wins over it; both win over a config file.";

pub(super) const SERVE: &str = "\
Run a chat server.

The first line on standard output is `chaty is listening on HOST:PORT`, with the port it really \
has. On a terminal a console follows: type `help` there. Without a terminal the server is a \
daemon: it takes the console's commands from a pipe if there is one, and the end of its input \
never stops it. `chaty admin` gives the same commands from another terminal.

SIGTERM, SIGINT and the command `shutdown` deliver what was said, then exit with 0. In the \
console, Ctrl-C is the same as SIGINT and Ctrl-D closes the console only. A second signal exits \
at once, with 130 (SIGINT) or 143 (SIGTERM).

Traffic is not encrypted: on an address other than loopback, everybody on the way can read it.

The config file is TOML, with any of these keys:

  listen = \"127.0.0.1:55556\"
  log = \"info\"
  # bots = \"bots\"            # the scripts of a folder
  # admin_socket = \"/run/chaty/admin.sock\"
  # metrics = \"9464\"         # for Prometheus, on loopback

  [limits]
  handshake = \"10s\"          # to finish an answer, from its first byte
  handshake_idle = \"60s\"     # for the whole handshake: a person typing a name
  retained_bytes = \"64MiB\"   # of messages kept in memory
  write_deadline = \"10s\"     # without a byte taken, a reader is closed
  connections = 10000        # at once
  keepalive_idle = \"1s\"      # TCP keepalive: idle time,
  keepalive_interval = \"3s\"  # interval
  keepalive_probes = 5       # and probes
  ping = \"30s\"               # silence after which a native client is pinged
  ping_dead = \"90s\"          # and after which it is closed
  crowd = 256                # members above which joins are folded into one line
  rooms = 1024               # that there may be
  drain = \"5s\"               # for members to read to the end at a shutdown
  raw_pace = \"10ms\"          # between two messages to a raw client
  flood = true               # members who say more than this wait:
  flood_burst = 10           # so many messages at once,
  flood_messages = 4         # then so many a second,
  flood_bytes = \"16KiB\"      # and so many bytes a second
  per_address = 64           # connections of one address (of IPv6, of a /64)
  per_address_minute = 128   # new ones of it at once, and then in a minute
  handshakes_per_address = 32  # of it without a name; the oldest makes way
  handshakes = 4096          # of all without a name; the oldest makes way
  loopback_exempt = true     # none of the three of an address holds for this machine

  [history]
  record = true              # false is --no-history
  # file = \"history.db\"      # where, if not in your data folder
  sync = \"normal\"            # or \"full\": acknowledged when it is on the disk
  keep_bytes = \"1GiB\"        # of the file; what is oldest goes first
  # keep_days = 365          # forgets by age
  # keep_messages = 1000000  # or by number
  unrecorded = []            # rooms of which nothing is written, such as [\"#coffee\"]
  lines = 10                 # of the past shown to who joins with nc

Those are the defaults; what stands behind # is an example. Each key of [limits] can also be set \
by --limit KEY=VALUE, which wins over the file. A duration is a number of seconds (10, 0.5) or a text with ms, s, m or \
h; a size is a number of bytes or a text with KiB, MiB or GiB. Unknown keys are refused.\n\n\
SIGHUP, or the command `reload`, reads the file again: the limits and the log's filter are new \
from then on, also for who is there, and all else waits for a restart; a file that is not right changes nothing. --check-config \
says whether a file is right without starting a server.";

pub(super) const SERVE_EXAMPLES: &str = "\
Examples:
  chaty serve                            on 127.0.0.1:55556, with a console
  chaty serve --bots bots                with the bots of a folder
  chaty serve --listen 0.0.0.0:55556     for the whole network
  chaty serve --listen 127.0.0.1:0       on any free port
  chaty serve --check-config --config chaty.toml
  chaty serve --config chaty.toml </dev/null 2>>chaty.log &";

pub(super) const JOIN_EXAMPLES: &str = "\
Examples:
  chaty join user Neo     as yourself
  chaty join bot Chuck    the bot bots/chuck.rhai";

pub(super) const JOIN_USER: &str = "\
Join the room as a person.

Type a line to say it; a line that begins with / is a command, and /help lists them. Ctrl-D or \
/quit leaves. A lost connection is made again by itself, and what was missed is shown.

On a terminal it takes the whole screen, and F1 lists the keys. Without a terminal on both sides, \
with TERM=dumb or with --plain, it prints one message a line.

The settings are TOML, with any of these keys; those are the defaults:

  view = \"full\"       # or inline, plain
  theme = \"auto\"      # or dark, light, none
  colours = \"auto\"    # or 16, 256, true
  nicks = \"auto\"      # the list of names: or on, off
  mouse = false       # the wheel scrolls
  notify = \"bell\"     # or osc9, osc777, none
  title = true        # the window's title tells what is unread
  links = true        # web addresses can be clicked
  remember = true     # what was sent, for the next time
  earlier = 50        # lines of the past when a room is entered
  scrollback = 5000   # lines held of each room
  rooms = []          # to enter besides #lobby";

pub(super) const JOIN_USER_EXAMPLES: &str = "\
Examples:
  chaty join user Neo
  chaty join user Neo --server chat.example.org:55556
  chaty join user Neo --room ops --room dev
  CHATY_SERVER=chat.example.org:55556 chaty join user Neo";

pub(super) const JOIN_BOT_EXAMPLES: &str = "\
Examples:
  chaty join bot Chuck    runs bots/chuck.rhai until Ctrl-C";

pub(super) const BOT: &str = "\
Run bots: script files, or folders whose every .rhai file is a bot.

Save a script and the bot changes while the conversation goes on; a script that does not compile \
is reported with its line, and the last good version goes on. In a folder, new scripts join and \
deleted ones leave. Ctrl-C ends them all.

The tools for authors need no server. A folder that is named like one of them is run as ./NAME.";

pub(super) const BOT_EXAMPLES: &str = "\
Examples:
  chaty bot bots/chuck.rhai    run one
  chaty bot bots               run a folder of them
  chaty bot bots ../more/greeter.rhai --server chat.example.org:55556
  chaty bot new Karma          write one: bots/karma.rhai
  chaty bot check bots         look for mistakes
  chaty bot test bots          try what they say of themselves
  chaty bot try bots/chuck.rhai";

pub(super) const BOT_NEW: &str = "\
Write a commented script to begin with.

A NAME becomes a file in the folder bots, which is made if need be: `Karma` is bots/karma.rhai. \
Something that ends in .rhai is the file itself. A file that is there already is never written \
over. The new script works as it is: it passes `chaty bot check` and `chaty bot test`.";

pub(super) const BOT_NEW_EXAMPLES: &str = "\
Examples:
  chaty bot new Karma
  chaty bot new games/dice.rhai";

pub(super) const BOT_CHECK: &str = "\
Look for mistakes without running anything: syntax, misspelt functions and properties, wrong \
numbers of arguments, handlers that nothing would call, a declaration that is not right.

What is found goes to standard output, with file, line, column, the line itself and what was \
probably meant. The exit code is 0 if there is nothing, and 1 if there is something.";

pub(super) const BOT_CHECK_EXAMPLES: &str = "\
Examples:
  chaty bot check bots/karma.rhai
  chaty bot check bots
  chaty bot check bots --json | jq -r '.diagnostics[].message'";

pub(super) const BOT_TEST: &str = "\
Try the examples and tests that stand in the scripts.

An example is part of a comment: a line `> Neo: hello` is said, and `< Hello, Neo!` is what the \
bot has to say then, with * for any text. A test is a function, `fn test_votes_count_once()`, \
that calls send, join, leave, advance, seed, reload, expect, expect_said and expect_silence.

There is no server and no clock in it: every test begins on the same Monday morning, and an hour \
passes at once. What bots draw is different each time; a failure prints the number that draws the \
same again. The exit code is 0 if all went well, and 1 if anything failed.

With --replay the bots hear a recorded conversation instead, at the times it had, and what they \
say is printed; the exit code is 1 if a script failed on it.";

pub(super) const BOT_TEST_EXAMPLES: &str = "\
Examples:
  chaty bot test bots
  chaty bot test bots/karma.rhai --seed 7
  chaty bot test bots --json | jq '.tests[] | select(.ok | not)'
  chaty tail --json --after 0 > yesterday.jsonl
  chaty bot test bots/karma.rhai --replay yesterday.jsonl";

pub(super) const BOT_TRY: &str = "\
Talk to a bot without a server.

What you type is said in a room where only you and the bot are. Save the script, and the next \
line is answered by the new version. The clock stands until you move it:

  /as NAME         be somebody else from now on; `Alice [bot]` is a bot
  /join [NAME]     come in; /leave [NAME] goes
  /msg BOT TEXT    whisper; /me TEXT does something
  /advance SECS    let time pass, with everything that is due meanwhile
  /state           what the bot keeps
  /help, /quit

Without a terminal each line of standard input is one of these, and the answers are the output.";

pub(super) const BOT_TRY_EXAMPLES: &str = "\
Examples:
  chaty bot try bots/karma.rhai
  chaty bot try bots/dice.rhai --seed 7
  echo '!roll 2d6' | chaty bot try bots/dice.rhai";

pub(super) const BOT_DOCS: &str = "\
Print everything a script can use: what it declares, the handlers, what a message has, every \
function with an example, and the limits.

It is made from the tables the interpreter itself is set up from, so it describes this version.";

pub(super) const BOT_DOCS_EXAMPLES: &str = "\
Examples:
  chaty bot docs
  chaty bot docs | grep -A 3 cooldown
  chaty bot docs --definitions bots/.definitions";

pub(super) const SEND: &str = "\
Say something in the room, from a script or a pipe.

Ends once the server has everything. Without TEXT each line of standard input is a message. Text \
is sent as it is: a leading / is no command here.";

pub(super) const SEND_EXAMPLES: &str = "\
Examples:
  chaty send \"build finished\"
  chaty send --as ci --room ops \"build finished\"
  tail -f build.log | chaty send --as ci";

pub(super) const TAIL: &str = "\
Print what is said in a room, until it is interrupted.

One line an event. --json prints the events of the native protocol, whose chat events carry the \
sequence number that --after takes.";

pub(super) const TAIL_EXAMPLES: &str = "\
Examples:
  chaty tail
  chaty tail --after 0                  everything the server still has, then what follows
  chaty tail --room ops --after 812 --no-follow
  chaty tail --json | jq -r '.chat.text // empty'";

pub(super) const ADMIN: &str = "\
Administer a running server of yours.

The commands are those of the server's own console:

  list                        all active users
  kick NAME [REASON]          remove user from server
  ban [NAME|ADDRESS [REASON]] remove and keep out; alone: list the bans
  unban NAME|ADDRESS          let in again
  mute NAME                   let read, but not speak
  unmute NAME                 let speak again
  say [#ROOM] TEXT            speak to a room as Server
  rooms                       the rooms, who is in them and what they are about
  history                     what is kept of what was said, and where
  bots                        the bots, what they answer to, and what they did
  stats                       the server in numbers
  reload                      read the settings again
  shutdown                    deliver what was said, then stop the server
  help, man, -help            this list, from the server

They go through a Unix socket that only the server's own user, and root, can open. By default it is \
$XDG_RUNTIME_DIR/chaty/admin-PORT.sock, or in chaty-UID in the folder for temporary files; \
--server gives the port of a server on this machine, --socket another file. Without a command, on a terminal, a console \
opens. The exit code is 1 when a command could not be carried out.";

pub(super) const ADMIN_EXAMPLES: &str = "\
Examples:
  chaty admin list
  chaty admin kick Neo spamming
  chaty admin ban 192.0.2.7
  chaty admin say -- \"-- back in five minutes --\"
  chaty admin list --json | jq -r '.members[].name'";

pub(super) const HISTORY: &str = "\
Look into a server's history, write it out, and take it in again.

`chaty serve` keeps what is said in one file: --history FILE, or by default \
$XDG_DATA_HOME/chaty/history-PORT.db, which is ~/.local/share/chaty without that variable. \
search, export and stats work beside a running server; import wants it stopped.";

pub(super) const HISTORY_EXAMPLES: &str = "\
Examples:
  chaty history search deploy friday
  chaty history export > all.jsonl
  chaty history import all.jsonl --history new.db
  chaty history stats";

pub(super) const HISTORY_SEARCH: &str = "\
Look for messages that have all of the words.

Neither case nor accents matter, and neither does the order. A word that ends in * is the \
beginning of one. The newest are found first and shown last.";

pub(super) const HISTORY_SEARCH_EXAMPLES: &str = "\
Examples:
  chaty history search deploy friday
  chaty history search 'depl*' --room '#ops' --limit 5
  chaty history search deploy --json | jq -r .chat.from";

pub(super) const HISTORY_EXPORT: &str = "\
Write the history to standard output, one JSON event a line, room by room in their order.

They are the events of the native protocol: chat, join, leave, rename, topic and crowd, as \
`chaty tail --json` prints them.";

pub(super) const HISTORY_EXPORT_EXAMPLES: &str = "\
Examples:
  chaty history export > all.jsonl
  chaty history export --room '#ops' --after 1000
  chaty history export --port 7000 | jq -r 'select(.chat) | .chat.text'";

pub(super) const HISTORY_IMPORT: &str = "\
Take in what `chaty history export` wrote: all of it, or nothing.

A line that is not right is refused with its number, and so is one that says something else than \
the history does. What is there already, just so, is passed over: the same lines twice do no \
harm. The server has to be stopped; sequence numbers go on after the last one taken in.";

pub(super) const HISTORY_IMPORT_EXAMPLES: &str = "\
Examples:
  chaty history import all.jsonl
  chaty history export --port 7000 | chaty history import - --history new.db";

pub(super) const HISTORY_STATS_EXAMPLES: &str = "\
Examples:
  chaty history stats
  chaty history stats --port 7000 --json | jq '.rooms[] | .entries'";

pub(super) const BENCH: &str = "\
Load a server, and say how fast it was and whether everybody heard everything.

Members who listen and members who speak join a room. Every delivery is counted and checked: what \
was lost, doubled or out of order of each publisher, and whether all heard one order. The exit \
code is 1 if any of that went wrong. Without --server (or CHATY_SERVER) a server is started for \
it, on a free port of loopback, which records nothing and holds nobody back.

As fast as it goes, a message waits behind all that are under way, and so the times are those of a \
queue; --window says how many there may be. With --rate every message has its time, and its \
latency is from then until each member has it, whether it could be sent in time or not.

The load shares the machine with the server: `generator` says how much of a core it took. The \
server's processor time and memory are those of its process, on Linux, if it is yours. Flood \
control delays who speaks fast, and the figures say so: lift it with `chaty serve --limit \
flood=false`. What is said in a server that records is recorded there, too.

Only a server of your own may be loaded like this: one that is not on loopback is refused without \
--i-own-this-server. Ctrl-C ends early and prints what there is.";

pub(super) const BENCH_EXAMPLES: &str = "\
Examples:
  chaty bench                                   100 members, 4 publishers, 5 s
  chaty bench --rate 1000                       latency at 1000 messages a second
  chaty bench --members 1000 --dialect native
  chaty bench --server 127.0.0.1:55556 --room bench --duration 30s
  chaty bench --json | jq .deliveries_per_s";

pub(super) const COMPLETIONS_EXAMPLES: &str = "\
Examples:
  chaty completions bash > ~/.local/share/bash-completion/completions/chaty
  chaty completions zsh > ~/.zfunc/_chaty
  chaty completions fish > ~/.config/fish/completions/chaty.fish";

pub(super) const MAN_EXAMPLES: &str = "\
Examples:
  chaty man | man -l -                     read it here
  chaty man --out ~/.local/share/man/man1  for `man chaty-serve`";
