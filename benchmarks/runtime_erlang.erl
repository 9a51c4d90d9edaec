%% The same measurement of Erlang's gen_server and supervisor: prints one JSON line.
-module(runtime_erlang).
-behaviour(gen_server).
-export([main/0, start_child/0, init/1, handle_call/3, handle_cast/2]).

-define(TELLS, 200000).
-define(ASKS, 100000).
-define(MANY, 10000).
-define(FALLS, 300).

init(supervisor) ->
    Child = #{id => child, start => {?MODULE, start_child, []}},
    {ok, {#{intensity => 1000000, period => 1}, [Child]}};
init({Goal, Whom}) -> {ok, {0, Goal, Whom}};
init(child) -> bench ! {up, self()}, {ok, {0, -1, none}}.

start_child() -> gen_server:start_link(?MODULE, child, []).

handle_call({next, N}, _, State) -> {reply, N + 1, State}.

handle_cast(fall, _) -> exit(told_to);
handle_cast(N, {Sum, Goal, Whom}) when Sum + N =:= Goal -> Whom ! done, {noreply, {Goal, Goal, Whom}};
handle_cast(N, {Sum, Goal, Whom}) -> {noreply, {Sum + N, Goal, Whom}}.

main() ->
    logger:set_primary_config(level, none),
    register(bench, self()),
    {ok, Adder} = gen_server:start(?MODULE, {?TELLS, self()}, []),
    Tell = timed(fun() -> times(?TELLS, fun(_) -> gen_server:cast(Adder, 1) end), receive done -> ok end end),
    Ask = fun(N) -> M = N + 1, M = gen_server:call(Adder, {next, N}) end,
    Alone = timed(fun() -> times(?ASKS, Ask) end),
    Together = timed(fun() ->
        Callers = [spawn_monitor(fun() -> times(?ASKS div 100, Ask) end) || _ <- lists:seq(1, 100)],
        [receive {'DOWN', Ref, process, _, normal} -> ok end || {_, Ref} <- Callers] end),
    Before = erlang:memory(processes),
    Self = self(),
    Start = timed(fun() -> Self ! {made, [element(2, gen_server:start(?MODULE, {-1, none}, [])) || _ <- lists:seq(1, ?MANY)]} end),
    Made = receive {made, Pids} -> Pids end,
    Grown = erlang:memory(processes) - Before,
    Stop = timed(fun() -> [gen_server:stop(Pid) || Pid <- Made] end),
    process_flag(trap_exit, true),
    {ok, _} = supervisor:start_link(?MODULE, supervisor),
    Falls = lists:sort(falls(receive {up, First} -> First end, ?FALLS)),
    io:format("{\"tell\": ~.1f, \"ask_seq\": ~.1f, \"ask_100\": ~.1f, \"spawn_us\": ~.3f, \"stop_us\": ~.3f, "
              "\"idle_bytes\": ~.1f, \"restart_us\": ~.3f}~n",
              [?TELLS / Tell, ?ASKS / Alone, ?ASKS / Together, Start / ?MANY * 1.0e6, Stop / ?MANY * 1.0e6,
               Grown / ?MANY, lists:nth(?FALLS div 2, Falls) * 1.0e6]),
    halt(0).

times(0, _) -> ok;
times(N, Do) -> Do(N), times(N - 1, Do).

timed(Do) ->
    Began = erlang:monotonic_time(),
    Do(),
    (erlang:monotonic_time() - Began) / erlang:convert_time_unit(1, second, native).

falls(_, 0) -> [];
falls(Pid, N) ->
    [timed(fun() ->
        gen_server:cast(Pid, fall),
        receive {up, Next} -> M = N + 1, M = gen_server:call(Next, {next, N}), self() ! {next, Next} end
     end) | receive {next, Next} -> falls(Next, N - 1) end].
