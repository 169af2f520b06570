/**
 * The root of the extension: builds each part with `new`, hands it what it needs, and ends. It holds
 * no logic. The database and the model are opened after activation, so that the editor is never held
 * up by them.
 */
import { readFile } from 'node:fs/promises';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { CopyIndex } from './completion/copyIndex';
import { NeighbourIndex } from './completion/neighbours';
import { OutcomeMemory } from './completion/outcomeMemory';
import { createParser } from './completion/parser';
import { RefusalMemory } from './completion/refusals';
import { Suggester } from './completion/suggester';
import { SuggestionCache } from './completion/typeThrough';
import { documentSchemes } from './contributions';
import { Activity } from './editor/activity';
import { type Availability, availabilityOf } from './editor/availability';
import { registerCommands } from './editor/commands';
import { ExportPreview } from './editor/exportCommand';
import { readOpenDocument } from './editor/documentText';
import { FeedbackBridge } from './editor/feedbackBridge';
import { welcome } from './editor/firstRun';
import { type HistoryCommandParams, HistoryOffer } from './editor/historyCommand';
import { forgetOldRows } from './editor/forgetting';
import { InlineProvider } from './editor/inlineProvider';
import { languageNames } from './editor/languageNames';
import { EditorLanguageServer } from './editor/languageServer';
import { learnedFiles } from './editor/learnedFiles';
import { Learning } from './editor/learning';
import { type LearningCommandParams, tellEnd, tellFailure } from './editor/learningCommands';
import { learningWork } from './editor/learningWork';
import { channelLogger, messageOf } from './editor/log';
import { ModelSetup, threadsOf } from './editor/modelSetup';
import { isCalm, isOnMains } from './editor/power';
import { recall } from './editor/recall';
import { Recorder } from './editor/recorder';
import { RewardSource } from './editor/rewardSource';
import { SettingsSource } from './editor/settings';
import { Snooze } from './editor/snooze';
import { StatusBar } from './editor/statusBar';
import { StoreOwner } from './editor/storeOwner';
import { followSwitches } from './editor/switches';
import { championFolder, ownWorkspace, type VersionLine, versionLine } from './editor/versionLine';
import { WarmUp } from './editor/warmUp';
import { stampOf, watch } from './editor/watch';
import { whyNothing } from './editor/whyCommand';
import { WorkspaceFiles } from './editor/workspaceFiles';
import { WorkspaceIndex } from './editor/workspaceIndex';
import type { ModelFolder } from './model/modelFolder';
import { SuggestionTracker } from './feedback/suggestionTracker';
import { systemClock as clock } from './util/clock';
import { seededRandom } from './util/random';

/** Ends what must not be cut off; set by `activate`. */
let close: (() => Promise<void>) | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const startMs = performance.now();
  const channel = vscode.window.createOutputChannel('Hone', { log: true });
  const logger = channelLogger(channel);
  const own = <T extends vscode.Disposable>(item: T): T => {
    context.subscriptions.push(item);
    return item;
  };
  own(channel);
  try {
    const storage = context.globalStorageUri.fsPath;
    const dist = path.join(context.extensionPath, 'dist');
    const settings = own(new SettingsSource(vscode.workspace, reportSetting));
    const snooze = own(new Snooze(clock, context.globalState));
    const learned = learnedFiles(path.join(storage, 'learned'));
    const store = own(
      new StoreOwner({
        ...{ directory: storage, settings, clock, logger },
        pruneCopies: (retentionDays) => forgetOldRows(learned, retentionDays, clock),
      }),
    );
    const recorder = new Recorder(store.opened, (error) => store.report(error));
    const files = own(new WorkspaceFiles(settings, logger));
    const copyIndex = new CopyIndex();
    const neighbours = new NeighbourIndex();
    own(new WorkspaceIndex(copyIndex, neighbours, files, clock, logger));

    const shippedReward = path.join(context.extensionPath, 'media', 'reward', 'pretrained.json');
    const host = { hostScript: path.join(dist, 'host.js'), clock, logger };
    const lineOf = (base: ModelFolder): VersionLine =>
      versionLine({
        ...host,
        directory: learned.directory,
        base,
        workspace: ownWorkspace(settings.current.learning, vscode.workspace.workspaceFolders),
      });

    const tracker = own(new SuggestionTracker(clock, { readText: readOpenDocument }));
    own(tracker.onDidRecord((event) => recorder.record(event)));
    const refusals = new RefusalMemory();
    own(tracker.onDidRecord((event) => refusals.note(event)));
    const outcomes = new OutcomeMemory();
    own(tracker.onDidRecord((event) => outcomes.record(event)));
    void recall(store.opened, { refusals, outcomes }, logger);
    const model = own(
      new ModelSetup({
        shippedDir: path.join(context.extensionPath, 'media', 'models', 'hone-135m'),
        importedDir: path.join(storage, 'models'),
        ...host,
        settings,
        championOf: (base) => championFolder(lineOf(base)),
        memory: context.globalState,
      }),
    );
    const line = (): VersionLine | undefined => model.base && lineOf(model.base);
    const activity = own(new Activity(learned.activity, clock));
    const { onDidAct } = activity;
    const reward = own(
      new RewardSource({
        ...{ shippedFile: shippedReward, fittedFile: learned.fittedReward },
        ...{ onDidAct, clock, logger },
      }),
    );
    const learning = own(
      new Learning({
        files: learned,
        work: learningWork({
          ...host,
          database: path.join(storage, 'feedback.db'),
          files: learned,
          shippedReward,
          model,
          reward,
          threads: () => threadsOf(settings.current.threads),
        }),
        settings: () => settings.current.learning,
        line,
        store: () => store.opened,
        machine: { idleMs: (enoughMs) => activity.idleMs(enoughMs), isOnMains, isCalm },
        onEnded: tellEnd,
        onFailed: tellFailure,
        clock,
        logger,
      }),
    );
    own(onDidAct(() => learning.acted()));
    own(tracker.onDidRecord((event) => learning.recorded(event)));
    own(settings.onDidChange(() => learning.changed()));
    own(model.onDidChangeVersion(() => learning.changed()));
    // Another window may put a version in place, or the settings ask for another line of them.
    own(
      watch({
        stamp: async () => `${line()?.name} ${await stampOf(line()?.pointer ?? '')}`,
        ...{ onDidAct, everyMs: 3_000, clock },
        onChange: () => void model.refresh(),
      }),
    );
    const parser = createParser((name) => readFile(path.join(dist, 'grammars', name)), logger);
    const random = seededRandom(clock.now());
    const suggester = own(
      new Suggester({
        sources: () => ({
          ...{ policy: model.policy, reward: reward.current, outcomes },
          ...{ copyIndex, neighbours, parser, refusals, random },
        }),
        cache: new SuggestionCache(),
        clock,
        logger,
      }),
    );
    // What another version proposed is not offered any more.
    own(model.onDidChangeVersion(() => suggester.forgetAll()));
    const bridge = own(new FeedbackBridge(tracker, suggester, refusals, clock));
    const forget = (): void => {
      bridge.forgetAll();
      outcomes.forgetAll();
    };
    // Feedback may be deleted in another window. What was judged since is in the database.
    own(
      watch({
        ...{ stamp: () => stampOf(learned.deletion), onDidAct, everyMs: 2_000, clock },
        onChange() {
          forget();
          void recall(store.opened, { refusals, outcomes }, logger);
        },
      }),
    );
    const languageServer = new EditorLanguageServer({ clock, logger });
    const languageName = own(languageNames(vscode.extensions));
    const provider = new InlineProvider({
      suggester,
      languageServer,
      bridge,
      settings,
      files,
      snooze,
      languageName,
      logger,
    });
    own(
      vscode.languages.registerInlineCompletionItemProvider(
        documentSchemes.map((scheme) => ({ scheme })),
        provider,
      ),
    );

    own(new WarmUp({ model, neighbours, settings, files, snooze, clock, logger }));

    const availability = (): Availability => {
      const editor = vscode.window.activeTextEditor;
      const place = { document: editor?.document, line: editor?.selection.active.line ?? 0 };
      return availabilityOf({ ...place, settings, files, snooze });
    };
    own(followSwitches(settings, snooze));
    const preview = own(new ExportPreview());
    const learningCommands: LearningCommandParams = {
      ...{ learning, model, reward, line },
      files: learned,
      settings: () => settings.current,
    };
    const history: HistoryCommandParams = {
      ...host,
      settings,
      learning: learningCommands,
      threads: () => threadsOf(settings.current.threads),
      memory: context.globalState,
    };
    const historyOffer = new HistoryOffer(history);
    own(tracker.onDidRecord((event) => historyOffer.notice(event)));
    own(
      registerCommands({
        settings,
        snooze,
        model,
        learning: learningCommands,
        history,
        bridge,
        store,
        forget,
        availability,
        languageName,
        whyNothing: () =>
          whyNothing({ suggester, languageServer, settings, files, snooze, languageName }),
        preview,
        channel,
        clock,
        logger,
      }),
    );
    own(
      new StatusBar({
        clock,
        model,
        learning,
        availability,
        languageName,
        changes: [settings.onDidChange, files.onDidChange, snooze.onDidChange],
        onDidChangeBusy: suggester.onDidChangeBusy,
      }),
    );

    close = async () => {
      tracker.dispose();
      await recorder.idle();
      await store.close();
    };
    // Loading a database driver or a model takes longer than an editor may be held up.
    own(
      later(() => {
        files.load();
        void model.start();
        void store.open();
        void reward.load();
        learning.start();
        void welcome(context.extensionMode, context.globalState);
      }),
    );
    const upMs = Math.round(performance.now() - startMs);
    logger.info('start', `Up in ${upMs} ms. Feedback is kept in ${storage}.`);
  } catch (error) {
    logger.error('start', 'Hone could not start.', error);
    void vscode.window.showErrorMessage(`Hone could not start: ${messageOf(error)}`);
  }
}

export async function deactivate(): Promise<void> {
  await close?.();
}

function later(run: () => void): vscode.Disposable {
  const timer = setTimeout(run, 0);
  return { dispose: () => clearTimeout(timer) };
}

function reportSetting(message: string): void {
  void vscode.window.showWarningMessage(`Hone: ${message} Its default is used.`);
}
