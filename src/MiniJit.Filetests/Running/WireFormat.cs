// What supervisor and worker say to each other. Little-endian; a string is its UTF-8 length and bytes; a message from the worker is a
// kind byte, the length of what follows, and that. A worker writes each message with one write, so that whatever it has
// said before it dies arrives whole.
using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.IO;
using System.Text;
using System.Threading;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Subtests;

namespace MiniJit.Filetests.Running;

internal enum MessageKind : byte
{
    /// <summary>A test begins.</summary>
    CaseStarted = 1,

    /// <summary>A step of the test under way begins.</summary>
    Step,

    /// <summary>A test has ended.</summary>
    CaseEnded,

    /// <summary>A file is done.</summary>
    FileEnded,

    /// <summary>There is nothing more to do.</summary>
    Finished,
}

/// <summary>A file to be run from one of its tests on.</summary>
internal readonly record struct WorkItem(int File, string Path, int FirstCase);

/// <summary>What a worker is to do.</summary>
internal sealed record WorkOrder(RunOptions Options, bool WantsSteps, IReadOnlyList<WorkItem> Items)
{
    public void Write(Stream stream)
    {
        using BinaryWriter writer = new(stream, Encoding.UTF8, leaveOpen: true);
        writer.Write(Options.Jobs);
        writer.Write(Options.Bless);
        writer.Write((byte)Options.Engines);
        WriteList(writer, Options.Subtests);
        WriteList(writer, Options.Targets);
        writer.Write(WantsSteps);
        writer.Write(Items.Count);
        foreach (WorkItem item in Items)
        {
            writer.Write(item.File);
            writer.Write(item.Path);
            writer.Write(item.FirstCase);
        }
    }

    public static WorkOrder Read(Stream stream)
    {
        using BinaryReader reader = new(stream, Encoding.UTF8, leaveOpen: true);
        RunOptions options = new()
        {
            Jobs = reader.ReadInt32(),
            Bless = reader.ReadBoolean(),
            Engines = (EngineChoice)reader.ReadByte(),
            Subtests = ReadList(reader),
            Targets = ReadList(reader),
        };
        bool wantsSteps = reader.ReadBoolean();
        WorkItem[] items = new WorkItem[reader.ReadInt32()];
        for (int i = 0; i < items.Length; i++)
        {
            items[i] = new(reader.ReadInt32(), reader.ReadString(), reader.ReadInt32());
        }

        return new(options, wantsSteps, items);
    }

    private static void WriteList(BinaryWriter writer, IReadOnlyList<string> list)
    {
        writer.Write(list.Count);
        foreach (string text in list)
        {
            writer.Write(text);
        }
    }

    private static string[] ReadList(BinaryReader reader)
    {
        string[] list = new string[reader.ReadInt32()];
        for (int i = 0; i < list.Length; i++)
        {
            list[i] = reader.ReadString();
        }

        return list;
    }
}

/// <summary>The worker's side: events become messages.</summary>
internal sealed class MessageWriter(Stream pipe, bool wantsSteps) : IRunEvents
{
    private readonly Lock _lock = new();
    private byte[] _buffer = new byte[4096];
    private int _length;

    public bool WantsSteps => wantsSteps;

    public void CaseStarted(int file, int testCase, string subtest, string target)
    {
        lock (_lock)
        {
            Begin(MessageKind.CaseStarted, file, testCase);
            Append(subtest);
            Append(target);
            Send();
        }
    }

    public void Step(int file, string description)
    {
        lock (_lock)
        {
            Begin(MessageKind.Step, file, 0);
            Append(description);
            Send();
        }
    }

    public void CaseEnded(TestResult result)
    {
        lock (_lock)
        {
            Begin(MessageKind.CaseEnded, result.File, result.Case);
            Append((int)result.Outcome.Kind);
            Append(result.Outcome.Line);
            Append((int)Math.Min(int.MaxValue, result.Microseconds));
            Append(result.Subtest);
            Append(result.Target);
            Append(result.Outcome.Message);
            Append(result.Output);
            Send();
        }
    }

    public void FileEnded(int file)
    {
        lock (_lock)
        {
            Begin(MessageKind.FileEnded, file, 0);
            Send();
        }
    }

    public void Finished()
    {
        lock (_lock)
        {
            Begin(MessageKind.Finished, 0, 0);
            Send();
        }
    }

    private void Begin(MessageKind kind, int file, int testCase)
    {
        _buffer[0] = (byte)kind;
        _length = 5;
        Append(file);
        Append(testCase);
    }

    private void Append(int value)
    {
        Grow(4);
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_length), value);
        _length += 4;
    }

    private void Append(string text)
    {
        int count = Encoding.UTF8.GetByteCount(text);
        Append(count);
        Grow(count);
        _length += Encoding.UTF8.GetBytes(text, _buffer.AsSpan(_length));
    }

    private void Grow(int count)
    {
        if (_length + count > _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        }
    }

    private void Send()
    {
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(1), _length - 5);
        pipe.Write(_buffer, 0, _length);
    }
}

/// <summary>The supervisor's side: messages become events.</summary>
internal sealed class MessageReader(Stream pipe)
{
    private byte[] _buffer = new byte[1 << 16];
    private int _begin, _end, _at;

    /// <summary>Passes messages on until the worker has finished or gone.</summary>
    /// <returns>Whether it said that it has finished.</returns>
    public bool Pump(IRunEvents events)
    {
        while (TryFill(5))
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(_begin + 1));
            MessageKind kind = (MessageKind)_buffer[_begin];
            if (!TryFill(5 + length))
            {
                return false;
            }

            _at = _begin + 5;
            _begin += 5 + length;
            int file = ReadInt(), testCase = ReadInt();
            switch (kind)
            {
                case MessageKind.CaseStarted:
                    events.CaseStarted(file, testCase, ReadString(), ReadString());
                    break;
                case MessageKind.Step:
                    events.Step(file, ReadString());
                    break;
                case MessageKind.CaseEnded:
                    OutcomeKind outcome = (OutcomeKind)ReadInt();
                    int line = ReadInt();
                    int microseconds = ReadInt();
                    string subtest = ReadString(), target = ReadString(), message = ReadString();
                    events.CaseEnded(new(file, testCase, subtest, target, new(outcome, message, line), microseconds, ReadString()));
                    break;
                case MessageKind.FileEnded:
                    events.FileEnded(file);
                    break;
                default:
                    return true;
            }
        }

        return false;
    }

    // Makes sure that so many bytes are buffered; false if the pipe ends before.
    private bool TryFill(int count)
    {
        if (_begin + count > _buffer.Length)
        {
            byte[] larger = count > _buffer.Length ? new byte[Math.Max(count, _buffer.Length * 2)] : _buffer;
            Buffer.BlockCopy(_buffer, _begin, larger, 0, _end - _begin);
            _buffer = larger;
            _end -= _begin;
            _begin = 0;
        }

        while (_end - _begin < count)
        {
            int read = pipe.Read(_buffer, _end, _buffer.Length - _end);
            if (read == 0)
            {
                return false;
            }

            _end += read;
        }

        return true;
    }

    private int ReadInt()
    {
        int value = BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(_at));
        _at += 4;
        return value;
    }

    private string ReadString()
    {
        int count = ReadInt();
        string text = Encoding.UTF8.GetString(_buffer, _at, count);
        _at += count;
        return text;
    }
}
