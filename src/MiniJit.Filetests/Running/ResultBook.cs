// All results of a run, in the order of the input whatever the order of their arrival.
using System;
using System.Collections.Generic;
using MiniJit.Filetests.Engines;
using MiniJit.Filetests.Subtests;

namespace MiniJit.Filetests.Running;

/// <summary>Results of one file.</summary>
internal sealed class FileResults(string path, EngineChoice engines)
{
    /// <summary>The file.</summary>
    public string Path { get; } = path;

    /// <summary>What executed compiled code.</summary>
    public EngineChoice Engines { get; } = engines;

    /// <summary>In the order of the tests.</summary>
    public List<TestResult> Results { get; } = [];

    /// <summary>Whether no more will come.</summary>
    public bool IsDone { get; set; }
}

/// <summary>Collects results and passes files on in order. Used under its owner's lock.</summary>
internal sealed class ResultBook
{
    private readonly FileResults[] _files;
    private int _delivered;

    public ResultBook(IReadOnlyList<string> paths, EngineChoice engines = EngineChoice.Default)
    {
        _files = new FileResults[paths.Count];
        for (int i = 0; i < _files.Length; i++)
        {
            _files[i] = new(paths[i], engines);
        }
    }

    /// <summary>All files.</summary>
    public ReadOnlySpan<FileResults> Files => _files;

    public int Passed { get; private set; }

    public int Failed { get; private set; }

    public int Skipped { get; private set; }

    /// <summary>Files that are done.</summary>
    public int FilesDone { get; private set; }

    /// <summary>Enters a result.</summary>
    public void Add(TestResult result)
    {
        _files[result.File].Results.Add(result);
        switch (result.Outcome.Kind)
        {
            case OutcomeKind.Passed:
                Passed++;
                break;
            case OutcomeKind.Failed:
                Failed++;
                break;
            default:
                Skipped++;
                break;
        }
    }

    /// <summary>No more results of this file will come.</summary>
    public void Close(int file)
    {
        if (!_files[file].IsDone)
        {
            _files[file].IsDone = true;
            FilesDone++;
        }
    }

    /// <summary>The next file in input order, if it and all before it are done.</summary>
    public bool TryDeliver(out FileResults? file)
    {
        file = _delivered < _files.Length && _files[_delivered].IsDone ? _files[_delivered++] : null;
        return file is not null;
    }
}
