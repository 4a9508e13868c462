// Frames and pages: what the system does with memory that instructions come from.
using System;
using System.Runtime.InteropServices;
using MiniJit.Coherence.Choices;
using MiniJit.Coherence.History;
using MiniJit.Coherence.Memory;

namespace MiniJit.Coherence.Caches;

internal sealed unsafe partial class LyingModel
{
    /// <summary>Free frames among which there is a choice.</summary>
    private const int FrameChoices = 8;

    /// <inheritdoc/>
    public int ChooseFrame(int free) => _choices.Choose(ChoiceKind.Frame, Kernel, 1 + Math.Min(free, FrameChoices)) - 1;

    /// <inheritdoc/>
    public void FrameAllocated(int frame)
    {
        if (Find(frame) is not { } known)
        {
            return;
        }

        // The system clears it: a store like any other, which it may clean or not.
        bool cleans = _choices.Choose(ChoiceKind.Zeroing, Kernel, 2) == 0;
        Span<byte> zeros = stackalloc byte[_lineBytes];
        zeros.Clear();
        for (int index = 0; index < _linesPerFrame; index++)
        {
            StoreLine(Kernel, known, index, index * _lineBytes, zeros);
            if (cleans && known.Lines[index] is { } line)
            {
                line.Unified = line.Performed;
            }
        }
    }

    /// <inheritdoc/>
    public void FrameReleased(int frame)
    {
        if (Find(frame) is not { } known)
        {
            return;
        }

        // Its addresses go; what caches hold of it stays.
        foreach (CodeLine? line in known.Lines)
        {
            if (line is not null)
            {
                ForgetKept(line);
                line.Address = 0;
                line.HasAliases = false;
            }
        }
    }

    /// <inheritdoc/>
    public void FrameForCode(int frame) => Track(frame);

    /// <inheritdoc/>
    public void FrameExecutable(int frame) => Track(frame).ExecutableAt = ++_time;

    /// <inheritdoc/>
    public void FrameUnexecutable(int frame)
    {
        if (Find(frame) is not { } known)
        {
            return;
        }

        foreach (CodeLine? line in known.Lines)
        {
            for (int core = 0; line is { Address: not 0 } && core < _traits.Length; core++)
            {
                int low = _traits[core].InstructionCoherent ? line.Performed : line.Low(core);
                FetchAhead(core, line, line.Performed, line.Performed - low + 1, Kernel);
            }
        }
    }

    /// <inheritdoc/>
    public void PageExecutable(ulong address)
    {
        Happened(Kernel, LabEventKind.Page, address, null, -1, Kernel, (int)PagePermissions.Execute, "executable");
        if (!_options.FetchesFaultsAhead)
        {
            return;
        }

        for (int core = 0; core < _traits.Length; core++)
        {
            if (_choices.Choose(ChoiceKind.FetchAhead, core, 2) != 0)
            {
                Happened(core, LabEventKind.FetchAhead, address, null, -1, Kernel, 0, "not executable");
                _queues[core].AddFault(address, _time, _machine!.Cores[core].RetiredNow + _options.Type.QueueDepth);
            }
        }
    }

    /// <inheritdoc/>
    public void Settle()
    {
        for (int core = 0; core < _traits.Length; core++)
        {
            DrainAll(core, inOrder: true);
            _queues[core].Clear();
        }

        foreach (CodeFrame? frame in _frames)
        {
            if (frame is null)
            {
                continue;
            }

            foreach (CodeLine? line in frame.Lines)
            {
                if (line is not null)
                {
                    Settle(line);
                }
            }
        }
    }

    /// <summary>
    /// From now on all stores to a frame are seen. Otherwise that begins when it is executable for the first time, and what was stored before
    /// counts as one store.
    /// </summary>
    public CodeFrame Track(int frame)
    {
        if (Find(frame) is { } known)
        {
            return known;
        }

        if (frame >= _frames.Length)
        {
            Array.Resize(ref _frames, Math.Max(frame + 1, 2 * _frames.Length));
        }

        ref Frame memory = ref _memory[frame];
        CodeFrame tracked = _frames[frame] = new(frame, memory.Bytes, _linesPerFrame);
        memory.Watch |= FrameWatch.Code;
        _machine!.ForgetWritable();
        Span<byte> content = stackalloc byte[_lineBytes];
        _isDiscovering = true;
        for (int index = 0; index < _linesPerFrame; index++)
        {
            // It began as zeros that everybody can still see.
            Span<byte> line = new(memory.Bytes + (index * _lineBytes), _lineBytes);
            if (line.ContainsAnyExcept((byte)0))
            {
                line.CopyTo(content);
                line.Clear();
                StoreLine(Kernel, tracked, index, index * _lineBytes, content);
            }
        }

        _isDiscovering = false;
        return tracked;
    }

    private void Settle(CodeLine line)
    {
        line.Unified = line.Performed;
        line.NewestVersion.IsOpen = false;
        line.SetLows(line.Performed);
        for (int core = 0; _caches is not null && core < _traits.Length; core++)
        {
            _caches.Drop(core, line);
        }

        Trim(line);
    }

    private CodeFrame? Find(int frame) => frame < _frames.Length ? _frames[frame] : null;
}
