# The admin panel: what operators read. All of it is shown as text, without markup.

## The frame of every page

admin-skip = Skip to the content
admin-rooms = Pages
admin-room-tree = The tree
admin-room-sessions = Who is in
admin-language-other = По-русски
admin-logout = Log out
admin-role-read = looks on
admin-role-support = helps people
admin-role-owner = owner
admin-reason = Reason
admin-reason-hint = It is written to the audit log.

## Spans of time

admin-span-days = { $n } d
admin-span-hours = { $n } h
admin-span-minutes = { $n } min
admin-span-seconds = { $n } s
admin-span-short = { $n } s
admin-span-milliseconds = { $n } ms

## The login

admin-login = Come in
admin-login-name = Name
admin-login-password = Password
admin-login-next = Next
admin-login-wrong = Name or password is wrong.
admin-login-wait = { $seconds ->
    [one] Too many attempts. The next one is looked at in { $seconds } second.
   *[other] Too many attempts. The next one is looked at in { $seconds } seconds.
}
admin-code = One-time code
admin-code-code = Code
admin-code-by-app = Six digits that your app shows now.
admin-code-by-bot = Six digits that the bot has sent you in Telegram, good for five minutes. Nothing came? Write /start to the bot and begin again.
admin-code-next = Come in
admin-code-back = Begin again
admin-code-wrong = This is not the code, or it was used already.
admin-code-message = Your code for the admin panel: { $code }. It is good for five minutes. If you are not logging in, somebody knows your password: change it.

## Who is in

admin-sessions-caption = Sessions in force
admin-sessions-who = Who
admin-sessions-from = From
admin-sessions-with = With
admin-sessions-since = Since
admin-sessions-seen = Last seen
admin-sessions-end = End
admin-sessions-own = this one
admin-sessions-end-whose = End a session of { $name }
admin-accounts = Accounts
admin-accounts-name = Name
admin-accounts-role = Role
admin-accounts-code = Codes come from
admin-accounts-state = State
admin-accounts-app = an app
admin-accounts-telegram = the bot
admin-accounts-good = in force
admin-accounts-disabled = disabled
admin-accounts-how = Accounts are made, changed and disabled on the server:

## The tree

admin-live-off = as of now; reload to see more
admin-live-on = live
admin-live-lost = no connection, trying again
admin-tree-news = What happens in the tree is told here.
admin-tree-caption = Every place of the supervision tree, in the order of the start
admin-tree-place = Place
admin-tree-state = State
admin-tree-up = Up
admin-tree-restarts = Restarts
admin-tree-mailbox = Mailbox
admin-tree-oldest = Oldest
admin-tree-rate = Rate
admin-tree-slowest = p99
admin-tree-fall = Last fall
admin-tree-rule = Rule
admin-tree-below = Places below
admin-tree-handled = Handled
admin-tree-busy = Busy
admin-tree-dropped = Dropped
admin-tree-dead = Dead letters
admin-tree-of = { $n } of { $most }
admin-tree-of-within = { $n } of { $most } in { $span }
admin-tree-ago = { $span } ago
admin-tree-a-second = { $n } a second
admin-tree-percent = { $n } per cent
admin-tree-number = { $n ->
    [one] { $n } message
   *[other] { $n } messages
}
admin-state-starting = starting
admin-state-running = running
admin-state-stopping = stopping
admin-state-restarting = restarting
admin-state-stopped = stopped
admin-state-ignored = not needed
admin-falls = Last falls
admin-falls-none = No falls since the start.

## Orders to a place

admin-act-restart = Restart
    .sure = Restart { $place }?
    .means = It ends in an orderly way and starts anew, with whoever builds on it. What waits in its mailbox is kept.
    .done = It was started anew.
admin-act-pause = Pause
    .sure = Pause { $place }?
    .means = It ends in an orderly way and stays so until you resume it, or until what stands above it starts anew. What it does is not done meanwhile.
    .done = It was paused.
admin-act-drain = Drain and pause
    .sure = Drain { $place }?
    .means = It handles what waits in its mailbox, for twenty seconds at most; then it is paused.
    .done = It was drained and paused.
admin-act-resume = Resume
    .sure = Resume { $place }?
    .means = It is started again and takes up what waits for it.
    .done = It runs again.
admin-act-none = Nothing can be done to this place from here: the panel itself stands on it.
admin-act-not = No, leave it
admin-news-fell = { $place } fell: { $reason }
admin-news-back = { $place } is back
admin-news-gave-up = { $place } gave up: { $reason }
admin-news-letter = A dead letter at { $place }

## Places of the tree: why each stands there

admin-place-vitte = gives up: the process ends, systemd starts it anew
admin-place-stores = where things are kept
admin-place-database = the pool: without it nobody below makes sense
admin-place-services = asked by many, they ask the stores once
admin-place-cache = what is read again and again
admin-place-limiter = how often a person may speak
admin-place-updates = the way of an update, from its end to its beginning
admin-place-outbox = says every word to Telegram, once
admin-place-scribe = writes what came of an update, in one transaction
admin-place-bot = knows what to answer
admin-place-chats = whose words are in hand, the inbox knows
admin-place-conversations = one a chat: its order
admin-place-inbox = writes updates down before they are acknowledged
admin-place-crons = what runs by the clock
admin-place-edges = last up, first down
admin-place-api = programs, and Telegram's webhook, come in here
admin-place-admin = operators look on and help here
admin-place-metrics = Prometheus reads here
admin-place-poller = asks Telegram for updates
admin-place-watch = looks on, and is in nobody's way
admin-place-loop = how late the event loop is, and who holds it up
admin-place-gauges = what Prometheus reads of the tree
admin-place-minutes = keeps each minute in numbers, for the plots of the overview
admin-place-worker = takes what is due in hand, one run at a time
admin-place-cron = sees to it that what falls due is in the ledger
admin-place-census = counts what only PostgreSQL knows
admin-place-control = shows the tree to its owner: vitte tree --live
admin-place-broadcasts = brings what is said to many, a little at a time
admin-place-redis = looks whether it is back; while it is away nobody asks it
admin-place-clerk = writes what programs ask for, for many at once
admin-place-scenes = what is needed to answer
admin-place-user-stats = the day before, in numbers
admin-place-herald = tells systemd that all of it lives, for as long as it does

## When a page cannot be shown

admin-fault-input = This cannot be meant
    .text = Something of the request is not what the panel expects.
admin-fault-nobody = Nobody is in
    .text = The session is over. Come in again.
admin-fault-role = Not with this role
    .text = Your role does not allow this. An owner can change it on the server.
admin-fault-foreign = Not from this page
    .text = The page is from another session, or the request from another site; nothing was changed. If it comes again, your browser keeps no cookie here: use https, or another browser.
admin-fault-missing = There is none
    .text = It does not exist, or not any more.
admin-fault-slow = Too slow
    .text = The form did not arrive in time. Send it again.
admin-fault-contradiction = Not now
    .text = It was changed meanwhile, or it cannot be done in this state. Look again.
admin-fault-busy = Too busy
    .text = So many ask at once that this took too long. Try again in a moment.
admin-fault-away = PostgreSQL is away
    .text = What is kept cannot be read or changed now. Who was in can still look at the tree.
admin-fault-ours = This is our fault
    .text = The page fell; the log tells where.
admin-fault-back = To the first page

## Letters

admin-more = Show older ones
admin-room-people = People
admin-room-letters = Dead letters
admin-room-audit = Audit log
admin-letters-lead = Updates that failed three times. The person has read an apology, and the chat went on.
admin-letters-none = No update has failed: there is nothing to do here.
admin-letters-one = Letter { $number }
admin-letters-update = Update
admin-letters-chat = Chat
admin-letters-kind = Kind
admin-letters-reason = Why it failed
admin-letters-failed = Failed
admin-letters-received = Received
admin-letters-tries = Tries
admin-letters-body = What Telegram wrote
admin-letters-hidden = What somebody wrote is hidden
admin-letters-reveal = Show it
admin-letters-requeue = Try again
    .done = It will be tried again within seconds.
admin-letters-drop = Give it up
    .done = It was given up; it stays in the books as refused.

## People

admin-people-words = Id, name or username
admin-people-find = Find
admin-people-none = Nobody is called so. A name is found by its beginning.
admin-people-empty = Nobody has written to the bot yet.
admin-people-name = Name
admin-people-username = Username
admin-people-id = Number
admin-people-language = Language
admin-people-plan = Plan
    .done = The subscription was changed.
admin-people-since = Since
admin-people-marks = Marks
admin-people-premium = premium
admin-people-free = free
    .done = They may speak again at once.
admin-people-reachable = can be reached
admin-people-unreachable = cannot be reached
admin-people-unreachable-since = Cannot be reached since
admin-people-until = Until
admin-people-until-hint = To the end of this day; of a premium plan alone.
admin-people-timezone = Timezone
admin-people-reminders = Reminders
admin-people-yes = yes
admin-people-no = no
admin-people-link = Came by the link
admin-people-change-plan = Change the subscription
admin-people-change = Change
admin-people-ban =
    .done = The ban is in force.
admin-people-unban =
    .done = The ban was lifted.
admin-people-changes = What was changed

## Limits

admin-limits = Limits
admin-limits-window = Window
admin-limits-used = Used
admin-limits-most = Most
admin-limits-left = Left
admin-limits-free = The next is let through
admin-limits-minute = any { $seconds } seconds
admin-limits-day = their day
admin-limits-now = now
admin-limits-in = in { $span }
admin-limits-midnight = after their midnight
admin-limits-silent = the limiter does not answer
admin-limits-free-minute = Let them speak at once
admin-limits-means = Forgets what was let through in the last minute. The day's count stays.

## Bans

admin-ban = Ban
admin-ban-state = State
admin-ban-banned = banned
admin-ban-mark = banned until { $day }
admin-ban-mark-good = banned for good
admin-ban-ended = ended
admin-ban-since = Since
admin-ban-until = Until
admin-ban-until-hint = To the end of this day. Left empty, it is for good.
admin-ban-good = for good
admin-ban-told = Told last
admin-ban-means = Nothing they write is answered; they are told so once a day. Payments, a block and /stop still get through. Reminders and broadcasts leave them out.
admin-ban-impose = Ban this person
admin-ban-another = Change the ban
admin-ban-lift = Lift the ban

## What became of what a person wrote

admin-timeline = What became of it
admin-timeline-none = Nothing has come from this chat.
admin-timeline-received = received: { $kind }
admin-timeline-pending = not finished yet; it failed { $tries } times so far
admin-timeline-answered = answered after { $span }
admin-timeline-refused = refused after { $span }
admin-timeline-failed = failed after { $span }
admin-timeline-letter = to the letter
admin-update-pending = pending
admin-update-answered = answered
admin-update-refused = refused
admin-update-failed = failed
admin-word-waiting = waits
admin-word-sent = sent
admin-word-failed = not sent
admin-word-tries = at try { $n }
admin-word-repeated = perhaps said twice
admin-verdict-well = The latest was answered, and Telegram took every word.
admin-verdict-silent = The latest needed no answer.
admin-verdict-pending = The latest waits to be answered: look at the tree whether a part is paused or away.
admin-verdict-refused = The latest was refused.
admin-verdict-failed = The latest failed; the letter can be tried again.
admin-verdict-unsent = The latest was answered; the words wait for Telegram.
admin-verdict-unsaid = The latest was answered; Telegram did not take the words.

## Dialogs

admin-dialogs = Dialogs
admin-dialog-none = No dialog was begun.
admin-dialog-title = Title
admin-dialog-state = State
admin-dialog-last = Last message
admin-dialog-begun = Begun
admin-dialog-open = open
admin-dialog-closed = closed
admin-dialog-archived = archived
admin-dialog-one = Dialog { $number }
admin-dialog-character = Character
admin-dialogs-all = All dialogs
admin-line-none = Nothing was said here, or it is no longer kept.
admin-line-when = When
admin-line-role = Who
admin-line-length = Characters
admin-line-text = Words
admin-line-user = the person
admin-line-character = the character
admin-line-hidden = What was said is hidden
admin-line-reveal = Show the words

## The characters

admin-room-characters = Characters
admin-character-lead = Who answers. Every change is a new version, which counts from the next message on; no version is lost.
admin-character-none = There are no characters, so nobody can be talked to: apply the migrations.
admin-character-name = Name
admin-character-names = Name
admin-character-about = Description
admin-character-greetings = First words
admin-character-in-ru = { $what } (Russian)
admin-character-in-en = { $what } (English)
admin-character-temperament = Temperament
admin-character-position = Place in the row
admin-character-offered = Offered
admin-character-active = Offered for new dialogs
admin-character-version = Version
admin-character-changed = Changed
admin-character-yes = offered
admin-character-no = not offered
admin-character-save = Save as a new version
    .done = The new version is in force.
admin-character-create = Keep the character
    .done = The character is kept, as version 1.
admin-character-new = New character
admin-character-new-lead = One more who answers, in both languages. The bot offers it as soon as it is kept; untick the box to prepare it first.
admin-character-slug = Short name
admin-character-slug-hint = Small Latin letters, digits and dashes, a letter first. Programs and the audit log know the character by it; it stays for good.
admin-character-wrong = Nothing was kept:
admin-character-wrong-name = { $what }: 1 to { $most } characters in one line, some of which can be seen.
admin-character-wrong-text = { $what }: 1 to { $most } characters, some of which can be seen.
admin-character-wrong-slug = The short name has up to { $most } small Latin letters, digits and dashes, and begins with a letter.
admin-character-wrong-taken = The short name { $slug } is another character's.
admin-character-wrong-temperament = One of the temperaments has to be chosen.
admin-character-wrong-position = The place in the row is a whole number from 0 to { $most }.
admin-character-wrong-reason = The reason is missing: it is kept with the version and written to the audit log.
admin-character-last = This is the last character that is offered, and whoever comes new needs somebody to talk to. Offer another one first.
admin-character-many = Telegram shows no more than { $most } buttons, and so many characters are offered already. Retire one first.
admin-character-retire = Retire
    .sure = Retire { $name }?
    .means = { $name } leaves the bot's buttons and the API's list, so that nobody begins a new dialog. Whoever is in one goes on with { $name } and loses nothing. It can be undone at any time.
    .done = Nobody begins anew with this character now; running dialogs go on.
admin-character-restore = Bring back
    .sure = Bring { $name } back?
    .means = { $name } is on the bot's buttons and in the API's list again from the next message on, in the words of the present version.
    .done = The character is offered again.
admin-character-rollback = Roll back
    .done = The older version is in force again, as a new one.
admin-character-meanwhile = Somebody has made version { $version } meanwhile. Nothing was overwritten: what you typed stands below still, and above it what differs. Save again to put yours in its place.
admin-character-same = Nothing was changed, so there is no new version.
admin-character-theirs = Yours beside theirs
    .one = Yours
admin-temperament-warm = warm
admin-temperament-curious = curious
admin-temperament-playful = playful
admin-version-all = Versions
admin-version-none = No version was written down.
admin-version-number = Version
admin-version-when = When
admin-version-who = Who
admin-version-why = Why
admin-version-look = Look
admin-version-compare = compare { $version }
admin-version-current = in force
admin-version-older = Version { $version } beside the one in force
    .one = Version { $version }
admin-version-now = In force (version { $version })
admin-version-what = What
admin-version-same = They say the same.
admin-version-reason = It is kept with the version and written to the audit log.
admin-version-back = Brings back
    .sure = Bring back version { $version }?
    .means = It becomes a new version, in force from the next message on; the present one is kept.
    .button = Roll back

## Broadcasts

admin-room-broadcasts = Broadcasts
admin-broadcast-lead = What is said to many, at the pace that Telegram allows and behind all replies; each person gets it once.
admin-broadcast-none = Nothing was said to many yet. An owner writes the first one.
admin-broadcast-new = New broadcast
admin-broadcast-name = Name
admin-broadcast-state = State
admin-broadcast-to = To whom
admin-broadcast-reached = Begun
admin-broadcast-sent = Sent
admin-broadcast-blocked = Blocked
admin-broadcast-failed = Failed
admin-broadcast-waiting = Waiting
admin-broadcast-forgotten = No longer known
admin-broadcast-written = Written
admin-broadcast-started = Started
admin-broadcast-ended = Ended
admin-broadcast-of = { $n } of { $most }
admin-broadcast-is-draft = draft
admin-broadcast-is-running = running
admin-broadcast-is-paused = paused
admin-broadcast-is-done = done
admin-broadcast-is-cancelled = stopped
admin-broadcast-everybody = everybody
admin-broadcast-plan-free = the free plan
admin-broadcast-plan-premium = premium
admin-broadcast-reads-ru = who reads Russian
admin-broadcast-reads-en = who reads English
admin-broadcast-active = { $days ->
    [one] active within { $days } day
   *[other] active within { $days } days
}
admin-broadcast-people = { $people ->
    [one] It reaches { $n } person now. Who has blocked the bot is left out.
   *[other] It reaches { $n } people now. Who has blocked the bot is left out.
}
admin-broadcast-preview = How { $name } will read it
admin-broadcast-create = Write
    .done = The draft is kept. Look at it, try it on yourself, then start it.
admin-broadcast-edit = Change
admin-broadcast-try = Send to this number
    .done = Both texts are on their way.
admin-broadcast-try-head = Try it on yourself
admin-broadcast-try-to = Your number at Telegram
admin-broadcast-try-hint = Somebody who has written to the bot; both texts are sent, and it counts for nothing.
admin-broadcast-start = Start
    .sure = Start { $name }?
    .means = It goes to { $people } people. What Telegram has taken cannot be called back.
    .done = It has started.
admin-broadcast-pause = Pause
    .sure = Pause { $name }?
    .means = Nothing more is begun until it is resumed; some sixty words are on their way already.
    .done = It is paused.
admin-broadcast-resume = Resume
    .sure = Resume { $name }?
    .means = It goes on where it was; nobody gets it twice.
    .done = It goes on.
admin-broadcast-cancel = Stop for good
    .sure = Stop { $name } for good?
    .means = Nothing more is begun, and it cannot be resumed. What became of it so far is kept.
    .done = It was stopped.
admin-language-ru = Russian
admin-language-en = English
admin-draft-lead = Nothing is sent yet: the draft is kept, and shown as people will read it.
admin-draft-wrong = The draft was not kept:
admin-draft-name-hint = Latin letters, digits, dots and dashes. Nobody but operators reads it.
admin-draft-name-wrong = The name has up to 64 Latin letters, digits, dots, dashes and low lines, and begins with a letter or a digit.
admin-draft-text-hint = As in a line of Fluent: a pair of braces with $name in it becomes the first name. Telegram's HTML may be used: b, i, u, s, a, code, pre, blockquote, tg-spoiler.
admin-draft-any = all
admin-draft-days = Active within days
admin-draft-days-hint = Only who wrote to a character within so many days; empty is all.
admin-draft-days-wrong = Days are a whole number from 1 to 36500, or empty.
admin-draft-keep = Keep the draft
admin-draft-meanwhile = A broadcast of this name was written or started meanwhile. What you typed stands here still; look at the other one first, or choose another name.

## The jobs

admin-room-jobs = Jobs
admin-jobs-lead = What runs by the clock. Every time at which a job falls due has a row: it ran once, or the row says why not.
admin-jobs-name = Job
admin-jobs-state = State
admin-jobs-next = Next
admin-jobs-last = Last due
admin-jobs-success = Went well
admin-jobs-schedule = Schedule
admin-jobs-timezone = Timezone
admin-jobs-missed = Missed times
admin-jobs-catch-up-none = are not made up for
admin-jobs-catch-up-once = the latest is made up for
admin-jobs-catch-up-all = all are made up for
admin-jobs-overlap = While one runs
admin-jobs-overlap-skip = the next is skipped
admin-jobs-overlap-queue = the next waits
admin-jobs-limit = Time limit
admin-jobs-retries = Tried again
admin-jobs-rests-since = Rests since
admin-jobs-rests-by = Let rest by
admin-jobs-times = The next times ({ $zone })
admin-jobs-times-skipped = It rests: they will be skipped until it is resumed.
admin-jobs-runs = Runs
admin-jobs-runs-none = Nothing has run yet. The first run comes at the next time above, or when you run it now.
admin-jobs-when = Due
admin-jobs-job = Job
admin-jobs-tries = Tries
admin-jobs-late = Late by
admin-jobs-took = Took
admin-jobs-rows = Rows
admin-jobs-by = By
admin-jobs-by-clock = the clock
admin-jobs-why = Why
admin-jobs-rests = rests
admin-jobs-never = never ran
admin-jobs-not-yet = not yet
admin-jobs-run = Run now
    .sure = Run { $job } now?
    .means = A worker that is free begins it within seconds, as if this moment were one of its times, also while it rests. Run again for the same time, a job does no harm.
    .done = It waits for a worker, who takes it within seconds.
admin-jobs-pause = Let it rest
    .sure = Let { $job } rest?
    .means = Its times are skipped, each with a row that says so, until it is resumed. A run that is under way goes on to its end.
    .done = It rests.
admin-jobs-resume = Resume
    .sure = Let { $job } run again?
    .means = It runs again from its next time on. What was skipped while it rested is not made up for.
    .done = It runs by the clock again.
admin-run-due = waits
admin-run-running = runs
admin-run-ok = went well
admin-run-failed = failed
admin-run-skipped = skipped
admin-run-lost = lost
admin-skip-missed = nobody was there
admin-skip-late = later than it may be
admin-skip-overlap = the one before was not done
admin-skip-paused = it rested
admin-job-clean-messages = what a plan keeps no longer is deleted
admin-job-archive-dialogs = dialogs long silent are archived
admin-job-user-stats = the day before, in numbers
admin-job-remind-expiring = people whose subscription ends are reminded
admin-job-expire-subscriptions = subscriptions that ended are closed
admin-job-make-partitions = the months of messages ahead are made
admin-job-trim-records = old updates, words and runs are deleted

## All data of a person

admin-room-receipts = Receipts
admin-personal = All data of this person
admin-personal-export = Export all data
    .sure = Export all data of { $user }?
    .means = A JSON file with everything that is kept of this person, what was said included. Hand it to nobody else. The receipt keeps its checksum.
admin-personal-delete = Delete all data
    .sure = Delete all data of { $user }, for good?
    .means = Dialogs, messages, settings, the subscription and the name go, and nothing brings them back. What the books and the law need stays without words and names: that updates came, what was changed and when, a ban in force. Whoever writes again is met as new.
admin-personal-number = Number of the person
admin-personal-number-hint = Typed once more, so that it is not somebody else.

## Receipts

admin-receipts-lead = What was given out of people's data, and what was deleted. Nothing of the person stands here but the number.
admin-receipts-of = Number of a person
admin-receipts-none = Nothing was exported or deleted. Both are found on a person's page.
admin-receipts-one = Receipt { $number }
admin-receipts-number = Receipt
admin-receipts-kind = What
admin-receipts-export = export
admin-receipts-deletion = deletion
admin-receipts-user = Person
admin-receipts-who = Who
admin-receipts-begun = Begun
admin-receipts-ended = Ended
admin-receipts-broken = not whole
admin-receipts-again = This one has no end: it goes on still, or it broke off. Then do it again.
admin-receipts-size = Bytes
admin-receipts-checksum = SHA-256 of the file
admin-receipts-table = Table
admin-receipts-rows = Rows
admin-receipts-nothing = It counted nothing.
admin-receipts-kept = Rows that were emptied stay without words and names: the books and the law need that they were.

## The audit log

admin-audit-when = When
admin-audit-who = Who
admin-audit-what = What
admin-audit-whom = Whom
admin-audit-change = Change
admin-audit-why = Why
admin-audit-from = From
admin-audit-none = Nothing was done yet.

## The overview

admin-room-overview = Overview
admin-overview-span = Span of time
admin-overview-hour = An hour
admin-overview-day = A day
admin-overview-month = A month
admin-overview-none = No minute of this span was written down: the first is a minute after the start.
admin-overview-russian = In Russian
admin-overview-english = In English
admin-overview-active = Who wrote
admin-overview-active-none = Who was active is counted once a night. It was not counted yet; the job can be run now:
admin-overview-who = Who
admin-overview-everybody = Everybody
admin-overview-days-1 = Within a day
admin-overview-days-7 = 7 days
admin-overview-days-30 = 30 days
admin-overview-counted = To the end of { $day } ({ $zone }), as the nightly statistics counted it.
admin-runbook = The runbook
admin-alarms = What fires now
admin-alarm-none = None of the rules that are judged here fires.
admin-alarm-limits = Judged at this moment, from this process and the tables. Prometheus, where it runs, waits until a figure lasts, and judges rates and what a dead process cannot say.
admin-alarm-do = what to do: { $rule }
admin-alarm-where = look
admin-severity-critical = critical
admin-severity-warning = warning
admin-severity-info = to know
admin-alarm-postgres-away = PostgreSQL does not answer.
admin-alarm-updates-wait = The oldest update has waited for { $n } s.
admin-alarm-words-wait = Answers have waited for { $n } s to be sent.
admin-alarm-updates-pile-up = Updates that wait: { $n }.
admin-alarm-dead-letters = An update became a dead letter within a quarter of an hour.
admin-alarm-pool-exhausted = Waiting for a connection to PostgreSQL: { $n }.
admin-alarm-redis-away = Redis does not answer; vitte works without it.
admin-alarm-actor-falls = { $of } fell { $n } times within a quarter of an hour.
admin-alarm-mailbox-full = Messages that wait for { $of }: { $n }.
admin-alarm-memory = The process holds { $n } MiB.
admin-alarm-files = { $n } per cent of the files that may be open are open.
admin-alarm-cron-fails = A run of { $of } failed or was lost within an hour.
admin-alarm-cron-overdue = { $of } has not gone well for { $n } h.
admin-alarm-cron-late = { $of } began more than five minutes after its time.
admin-alarm-cache-deaf = The cache does not hear what other processes change.
admin-overview-total = { $n } in all
admin-overview-most = { $n } at most
admin-plot-updates = Updates
admin-plot-latency = Until an answer is written
admin-plot-new = New people
admin-plot-limited = Refused by the limiter
admin-plot-words = Words to Telegram
admin-plot-queues = What waits inside
admin-plot-database = Waiting for a connection to PostgreSQL
admin-plot-redis = Faults of Redis
admin-plot-none = Nobody wrote this down yet. It is written each minute while the process runs.
admin-plot-numbers = The numbers
admin-series-answered = answered
admin-series-refused = refused
admin-series-failed = failed
admin-series-half-within = half within
admin-series-most-within = 99 of 100 within
admin-series-new = new
admin-series-limited = refused
admin-series-words-sent = sent
admin-series-words-failed = not sent
admin-series-in-hand = updates in hand
admin-series-in-mailboxes = messages in mailboxes
admin-series-pool-waits = who waits
admin-series-redis-faults = faults

## The configuration

admin-room-configuration = Configuration
admin-configuration-lead = As it was read at the start. Change it in the file or the environment, and restart.
admin-configuration-key = Key
admin-configuration-value = Value
admin-configuration-usual = Default, where it differs
admin-configuration-set = is set
admin-configuration-unset = is not set
