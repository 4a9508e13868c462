using System;
using System.Collections.Generic;
using System.IO;
using MiniJit.Filetests.Reports;
using MiniJit.Filetests.Running;
using Spectre.Console;

namespace MiniJit.Cli;

/// <summary>A progress bar while tests run on a terminal. Spectre.Console, which draws it, is not even loaded in a pipe.</summary>
internal sealed class LiveObserver : IRunObserver
{
    private readonly ProgressTask _task;
    private readonly List<FileResults> _finished = [];

    private LiveObserver(ProgressTask task) => _task = task;

    /// <summary>Runs tests under a bar, and writes the report when the bar has gone.</summary>
    public static ResultBook Run(TextReport report, TextWriter output, Func<IRunObserver, ResultBook> run)
    {
        LiveObserver? observer = null;
        ResultBook book = AnsiConsole.Progress()
            .AutoClear(true)
            .Columns(new ProgressBarColumn(), new TaskDescriptionColumn(), new ElapsedTimeColumn())
            .Start(context =>
            {
                observer = new LiveObserver(context.AddTask("tests"));
                return run(observer);
            });
        foreach (FileResults file in observer!._finished)
        {
            report.WriteFile(file);
        }

        output.Flush();
        return book;
    }

    public void FileDelivered(FileResults file) => _finished.Add(file);

    public void Progress(ResultBook book)
    {
        _task.MaxValue = Math.Max(1, book.Files.Length);
        _task.Value = book.FilesDone;
        _task.Description = $"{book.FilesDone}/{book.Files.Length} files, {book.Passed} passed, {(book.Failed > 0 ? $"[red]{book.Failed} failed[/]" : "0 failed")}, {book.Skipped} skipped";
    }
}
