// The explanation for a terminal: one sentence first, details below.
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using MiniJit.Coherence.Caches;
using MiniJit.Coherence.History;
using MiniJit.Runtime.Publication;

namespace MiniJit.Coherence.Replay;

/// <summary>What a report says about the run beside the explanation; each may be empty.</summary>
/// <param name="Subject">The test that failed.</param>
/// <param name="Symptom">How.</param>
/// <param name="Plan">The publication plan.</param>
/// <param name="Machine">The machine type.</param>
/// <param name="Command">The command that replays the run.</param>
internal readonly record struct StoryFrame(string Subject, string Symptom, string Plan, MachineType Machine, string Command);

internal static class ExplanationText
{
    private static readonly string s_makeReachable = new PublicationStep(PublicationStepKind.MakeReachable).Info.Text;

    /// <summary>The whole report; ends with a new line.</summary>
    public static string Of(LabHistory history, Explanation story, in StoryFrame frame)
    {
        StringBuilder text = new();
        text.Append(story.Sentence).Append("\n\n");
        foreach ((string name, string value) in Facts(history, story, frame))
        {
            text.Append(CultureInfo.InvariantCulture, $"  {name,-10} {value}\n");
        }

        AppendChain(text, history, story);
        AppendCode(text, history, story);
        if (frame.Command.Length != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nReplay it with: {frame.Command}\n");
        }

        return text.ToString();
    }

    /// <summary>What is known, by name.</summary>
    public static List<(string Name, string Value)> Facts(LabHistory history, Explanation story, in StoryFrame frame)
    {
        List<(string, string)> facts = [];
        void Add(string name, string value)
        {
            if (value.Length != 0)
            {
                facts.Add((name, value));
            }
        }

        Add("test", frame.Subject);
        Add("symptom", frame.Symptom);
        Add("plan", frame.Plan);
        if (story.Fetch < 0)
        {
            Add("machine", $"{frame.Machine.Name}");
            return facts;
        }

        LabEvent fetch = history[story.Fetch];
        Add("machine", DescribeMachine(frame.Machine, fetch.Core));
        Add("fetched", string.Create(
            CultureInfo.InvariantCulture,
            $"by core {fetch.Core} at {fetch.Time}: {(fetch.Version < 0 ? "a fault in place" : $"version {fetch.Version}")} of line 0x{fetch.Line:x} (physical), 0x{fetch.Address:x} (virtual)"));
        if (story.FetchedAhead >= 0)
        {
            Add("", string.Create(CultureInfo.InvariantCulture, $"ahead of time, at {history[story.FetchedAhead].Time}, and kept since"));
        }

        Add("old bytes", fetch.Version < 0 ? "" : story.OldStore < 0 ? "from before the run, or of a fresh page" : DescribeStore(history, story.OldStore, story.OldName));
        Add("new bytes", story.Store < 0 ? "" : DescribeStore(history, story.Store, story.NewName));
        if (story.Missing != MissingEvent.Unknown)
        {
            MissingEventInfo info = MissingEventInfo.Of(story.Missing);
            Add("missing", info.Event);
            Add("", info.Why);
            foreach (MissingEvent also in story.AlsoMissing)
            {
                Add("", $"it would not have been enough; also missing: {MissingEventInfo.Of(also).Event}");
            }

            Add("step", $"{story.StepStory} Without it, {new PublicationStep(story.Step).Info.Why}.");
        }

        if (story.OtherStaleFetches > 0)
        {
            Add("also stale", story.OtherStaleFetches == 1 ? "1 other fetch of this run" : string.Create(CultureInfo.InvariantCulture, $"{story.OtherStaleFetches} other fetches of this run"));
        }

        return facts;
    }

    /// <summary>The events of the chain in order; in place of the event that is missing, its name.</summary>
    public static List<(int Index, string Missing)> Stations(Explanation story)
    {
        List<(int Index, string Missing)> stations = [];
        foreach (ChainLink link in story.Chain)
        {
            if (stations.Count == 0)
            {
                stations.Add((link.From, ""));
            }

            if (link.IsMissing)
            {
                stations.Add((-1, link.Label));
            }

            if (link.From != story.FetchedAhead || story.FetchedAhead < 0)
            {
                stations.Add((link.To, ""));
            }
        }

        // What was fetched ahead belongs where it happened.
        if (story.FetchedAhead >= 0)
        {
            int place = stations.FindIndex(station => station.Index > story.FetchedAhead);
            bool isMissingBefore = place > 0 && stations[place - 1].Index < 0;
            stations.Insert(isMissingBefore ? place - 1 : Math.Max(place, 0), (story.FetchedAhead, ""));
        }

        return stations;
    }

    private static void AppendChain(StringBuilder text, LabHistory history, Explanation story)
    {
        if (story.Chain.Count == 0)
        {
            return;
        }

        text.Append("\nFrom the store to the fetch:\n");
        foreach ((int index, string missing) in Stations(story))
        {
            if (index < 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"  {"-----",10}           missing here: {missing}\n");
            }
            else
            {
                LabEvent happened = history[index];
                text.Append(CultureInfo.InvariantCulture, $"  {happened.Time,10}  {EventText.Core(happened.Core),-7}  {EventText.Of(happened)}\n");
            }
        }
    }

    private static void AppendCode(StringBuilder text, LabHistory history, Explanation story)
    {
        if (story.Code.Count == 0)
        {
            return;
        }

        LabEvent fetch = history[story.Fetch];
        string oldTitle = string.Create(CultureInfo.InvariantCulture, $"executed (version {fetch.Version})");
        string newTitle = string.Create(CultureInfo.InvariantCulture, $"should have been (version {fetch.Newest})");
        int width = oldTitle.Length;
        foreach (ComparedInstruction line in story.Code)
        {
            width = Math.Max(width, line.Old.Length);
        }

        ulong next = story.Code[0].Address;
        text.Append(CultureInfo.InvariantCulture, $"\n    {"address",-14}    {oldTitle.PadRight(width)}    {newTitle}\n");
        foreach (ComparedInstruction line in story.Code)
        {
            text.Append(line.Address == next ? "" : "    ...\n");
            next = line.Address + 4;
            text.Append(CultureInfo.InvariantCulture, $"  {(line.IsFirst ? '>' : ' ')} 0x{line.Address:x12}  {(line.Differs ? '!' : ' ')} {line.Old.PadRight(width)}    {line.New}\n");
        }
    }

    private static string DescribeStore(LabHistory history, int index, string name)
    {
        LabEvent store = history[index];
        string what = name.Length == 0 ? "" : $", of {name}";
        string note = store.Note.Length == 0 ? "" : $", {store.Note}";
        return string.Create(CultureInfo.InvariantCulture, $"stored by {(store.Core < 0 ? "the " : "")}{EventText.Core(store.Core)} at {store.Time}: version {store.Version}{what}{note}{During(history, index)}");
    }

    // The plan's step or the call in the midst of which something happened on its core.
    private static string During(LabHistory history, int index)
    {
        LabEvent happened = history[index];
        int step = history.FindLast(index, candidate => candidate.Core == happened.Core && candidate.Kind is LabEventKind.Step or LabEventKind.Call or LabEventKind.Outcome);
        return step < 0 || history[step].Kind == LabEventKind.Outcome || history[step].Note == s_makeReachable ? ""
            : history[step].Kind == LabEventKind.Step ? string.Create(CultureInfo.InvariantCulture, $", after the step \"{history[step].Note}\"")
            : string.Create(CultureInfo.InvariantCulture, $", during the call of {history[step].Note}");
    }

    private static string DescribeMachine(MachineType machine, int core)
    {
        CacheTraits real = machine.RealOf(core), claimed = machine.ClaimedBy(core);
        string says = real == claimed ? "" : string.Create(CultureInfo.InvariantCulture, $"; CTR_EL0 says IDC = {Bit(claimed.DataCoherent)}, DIC = {Bit(claimed.InstructionCoherent)}");
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{machine.Name}; core {core} has IDC = {Bit(real.DataCoherent)}, DIC = {Bit(real.InstructionCoherent)}, data lines of {real.DataLine} and instruction lines of {real.InstructionLine} bytes{says}");
    }

    private static int Bit(bool value) => value ? 1 : 0;
}
