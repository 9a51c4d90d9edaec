### /stop: the answer that is being written is broken off.

stop-done = All right, I have stopped.
    .notice = Stopped

# Nothing was being written.
stop-nothing = There was nothing to stop: I am listening.
    .notice = There was nothing to stop
