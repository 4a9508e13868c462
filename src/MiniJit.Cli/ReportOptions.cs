using System.CommandLine;
using MiniJit.Filetests.Tools;

namespace MiniJit.Cli;

/// <summary>What commands of the lab offer to do with a failing run.</summary>
internal sealed class ReportOptions
{
    private readonly Option<bool> _explain = new("--explain") { Description = "Shrink the first failing run and explain it." };
    private readonly Option<string?> _page = new("--html") { Description = "Draw it on a page.", HelpName = "file" };
    private readonly Option<string?> _record = new("--record") { Description = "Write it down for 'minijit lab replay'.", HelpName = "file" };

    public void AddTo(Command command)
    {
        command.Add(_explain);
        command.Add(_page);
        command.Add(_record);
    }

    public ReportRequest Read(ParseResult parsed) => new(parsed.GetValue(_explain), parsed.GetValue(_page), parsed.GetValue(_record));
}
