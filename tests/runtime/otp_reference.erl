%% The reference: described trees and events, run on OTP's own supervisor.
%%
%% Reads one case a line from standard input, as an Erlang term, and answers with one
%% line: the trace of starts, ends and answers. The Python side is otp.py beside this file.
%%
%%   {Sup, [Event]}
%%   Sup    = {sup, Id, Strategy, Intensity, AutoShutdown, Restart, Significant, [Child]}
%%   Child  = Sup | {worker, Id, Restart, Significant, Shutdown, [Outcome]}
%%   Outcome = ok | fail | ignore, one for each start; when they are used up: ok
%%   Event  = {'end', Id, normal | fall | kill} | {Call, SupId, Id | Child}
%%   Call   = terminate | restart | delete | start | which
-module(otp_reference).
-behaviour(supervisor).
-export([main/0, init/1, start_worker/2, worker/3, start_supervisor/1]).

main() ->
    logger:set_primary_config(level, none),
    process_flag(trap_exit, true),
    serve().

serve() ->
    case io:read("") of
        {ok, {Root, Events}} ->
            io:format("~s~n", [lists:join("; ", run(Root, Events))]),
            serve();
        _ -> halt(0)
    end.

run(Root, Events) ->
    Known = ets:new(known, [public, named_table]),
    Before = processes(),
    Collector = spawn(fun() -> collect([], #{}) end),
    register(collector, Collector),
    case start_supervisor(Root) of
        {ok, Pid} ->
            settle(Before),
            lists:foreach(fun(Event) -> happen(Event), settle(Before) end, Events),
            case is_process_alive(Pid) of
                true ->
                    note("root runs"),
                    exit(Pid, shutdown),
                    receive {'EXIT', Pid, _} -> ok end;
                false -> note("root ended")
            end;
        {error, _} -> note("root did not start")
    end,
    settle(Before),
    flush(),
    Collector ! {give, self()},
    Lines = receive {trace, Found} -> Found end,
    ets:delete(Known),
    Lines.

flush() -> receive {'EXIT', _, _} -> flush() after 0 -> ok end.

%% What happens, written down by one process; it monitors who starts.

note(Line) -> collector ! {note, Line}.

collect(Lines, Alive) ->
    receive
        {note, Line} -> collect([Line | Lines], Alive);
        {started, Id, Pid} ->
            Ref = monitor(process, Pid),
            collect([["start ", atom_to_list(Id)] | Lines], Alive#{Ref => Id});
        {'DOWN', Ref, process, _, Reason} ->
            Line = ["end ", atom_to_list(maps:get(Ref, Alive)), " ", class(Reason)],
            collect([Line | Lines], maps:remove(Ref, Alive));
        {give, To} -> To ! {trace, lists:reverse(Lines)}
    end.

class(normal) -> "normal";
class(shutdown) -> "stopped";
class(killed) -> "killed";
class(_) -> "fell".

%% All is quiet when every process of the case waits and has no message, several times over.

settle(Before) -> settle(Before, 0).
settle(_, 5) -> ok;
settle(Before, Quiet) ->
    erlang:yield(),
    Ours = (processes() -- Before) -- [self()],
    case lists:all(fun is_quiet/1, Ours) of
        true -> settle(Before, Quiet + 1);
        false -> settle(Before, 0)
    end.

is_quiet(Pid) ->
    case process_info(Pid, [status, message_queue_len]) of
        undefined -> false;
        [{status, waiting}, {message_queue_len, 0}] -> true;
        _ -> false
    end.

%% Events.

happen({'end', Id, How}) ->
    case ets:lookup(known, {worker, Id}) of
        [{_, Pid}] when How =:= kill -> exit(Pid, kill);
        [{_, Pid}] -> Pid ! How;
        [] -> ok
    end;
happen({Call, Sup, Arg}) ->
    [{_, Pid}] = ets:lookup(known, {sup, Sup}),
    Answer = try call(Call, Pid, Arg) catch exit:_ -> "gone" end,
    note([atom_to_list(Call), ": ", Answer]).

call(terminate, Pid, Id) -> answer(supervisor:terminate_child(Pid, Id));
call(restart, Pid, Id) -> answer(supervisor:restart_child(Pid, Id));
call(delete, Pid, Id) -> answer(supervisor:delete_child(Pid, Id));
call(start, Pid, Child) -> answer(supervisor:start_child(Pid, child(Child)));
call(which, Pid, _) ->
    Found = [[atom_to_list(Id), "=", alive(Child)] || {Id, Child, _, _} <- supervisor:which_children(Pid)],
    lists:join(",", lists:sort([lists:flatten(One) || One <- Found])).

alive(Pid) when is_pid(Pid) -> "running";
alive(restarting) -> "restarting";
alive(undefined) -> "resting".

answer(ok) -> "ok";
answer({ok, _}) -> "ok";
answer({error, not_found}) -> "not found";
answer({error, running}) -> "running";
answer({error, restarting}) -> "restarting";
answer({error, already_present}) -> "already present";
answer({error, {already_started, _}}) -> "already started";
answer({error, _}) -> "failed".

%% The tree.

start_supervisor(Sup) -> supervisor:start_link(?MODULE, Sup).

init({sup, Id, Strategy, Intensity, Auto, _, _, Children}) ->
    ets:insert(known, {{sup, Id}, self()}),
    Flags = #{strategy => Strategy, intensity => Intensity, period => 3600, auto_shutdown => Auto},
    {ok, {Flags, [child(Child) || Child <- Children]}}.

child({sup, Id, _, _, _, Restart, Significant, _} = Sup) ->
    #{id => Id, start => {?MODULE, start_supervisor, [Sup]}, restart => Restart,
      significant => Significant, shutdown => infinity, type => supervisor};
child({worker, Id, Restart, Significant, Shutdown, Outcomes}) ->
    #{id => Id, start => {?MODULE, start_worker, [Id, Outcomes]}, restart => Restart,
      significant => Significant, shutdown => Shutdown}.

start_worker(Id, Outcomes) ->
    Number = ets:update_counter(known, {starts, Id}, 1, {{starts, Id}, 0}),
    Outcome = case Number =< length(Outcomes) of true -> lists:nth(Number, Outcomes); false -> ok end,
    proc_lib:start_link(?MODULE, worker, [Id, Outcome, self()]).

worker(Id, ok, Parent) ->
    ets:insert(known, {{worker, Id}, self()}),
    collector ! {started, Id, self()},
    proc_lib:init_ack(Parent, {ok, self()}),
    receive normal -> ok; fall -> exit(fell) end;
worker(Id, fail, Parent) ->
    note(["start ", atom_to_list(Id), " failed"]),
    proc_lib:init_ack(Parent, {error, failed});
worker(Id, ignore, Parent) ->
    note(["start ", atom_to_list(Id), " ignored"]),
    proc_lib:init_ack(Parent, ignore).
