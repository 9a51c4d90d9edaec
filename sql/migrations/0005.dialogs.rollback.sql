DROP TABLE dialogs;
