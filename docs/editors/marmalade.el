;;; marmalade.el --- Marmalade in Emacs -*- lexical-binding: t -*-

;; Package-Requires: ((emacs "27.1"))

;;; Commentary:

;; Evaluate what is under the cursor, light what sounds, complete, ask.  How to install it is in README.md beside this file.

;;; Code:

(require 'json)
(require 'subr-x)

(defvar marmalade-command '("marmalade")
  "The program, as a list of words.")

(defconst marmalade-calls
  '((evaluate "send" "--json" "--source" "SOURCE")
    (hush "send" "--do" "hush")
    (panic "send" "--do" "panic")
    (interrupt "send" "--do" "interrupt")
    (complete "send" "--json" "--do" "complete" "-")
    (document "send" "--json" "--do" "document" "-"))
  "What is run, by what it is for.")

(defun marmalade--words (call)
  "The command line of CALL."
  (append marmalade-command
          (mapcar (lambda (word) (if (equal word "SOURCE") (file-name-nondirectory (or buffer-file-name "emacs")) word))
                  (cdr (assq call marmalade-calls)))))

(defun marmalade--parsed (text)
  "The answer in TEXT; an error with TEXT where it is none."
  (condition-case nil
      (json-parse-string text :object-type 'alist :array-type 'list :null-object nil :false-object nil)
    (error (list (cons 'error (list (cons 'text (string-trim text))))))))

(defun marmalade--told (answer)
  "Show ANSWER of an evaluation in the echo area."
  (let ((failure (alist-get 'error answer)))
    (if failure
        (message "%s" (alist-get 'text failure))
      (message "%s" (string-join
                     (append (let ((value (alist-get 'value answer)))
                               (and (stringp value) (not (string-empty-p value)) (list value)))
                             (mapcar (lambda (each)
                                       (format "%s at bar %s" (alist-get 'what each) (alist-get 'cycle each)))
                                     (alist-get 'landings answer)))
                     "  ")))))

(defun marmalade--start (call input done)
  "Run CALL with INPUT without waiting; DONE takes what it printed."
  (let* ((buffer (generate-new-buffer " *marmalade*"))
         (process (make-process
                   :name "marmalade" :buffer buffer :command (marmalade--words call)
                   :connection-type 'pipe :coding 'utf-8 :noquery t
                   :sentinel (lambda (process _event)
                               (unless (process-live-p process)
                                 (let ((text (with-current-buffer (process-buffer process) (buffer-string))))
                                   (kill-buffer (process-buffer process))
                                   (funcall done text)))))))
    (process-send-string process input)
    (process-send-eof process)))

(defun marmalade--ask (call fields)
  "Run CALL with FIELDS on its standard input, and wait for its answer."
  (let ((words (marmalade--words call))
        (coding-system-for-read 'utf-8)
        (coding-system-for-write 'utf-8))
    (with-temp-buffer
      (insert (json-serialize fields))
      (apply #'call-process-region (point-min) (point-max) (car words) t '(t nil) nil (cdr words))
      (marmalade--parsed (buffer-string)))))

(defun marmalade-evaluate (begin end)
  "Evaluate from BEGIN to END.
Empty lines before it keep its line numbers those of the file."
  (interactive "r")
  (marmalade--start 'evaluate
                    (concat (make-string (1- (line-number-at-pos begin t)) ?\n)
                            (buffer-substring-no-properties begin end) "\n")
                    (lambda (text) (marmalade--told (marmalade--parsed text)))))

(defun marmalade-evaluate-block ()
  "Evaluate the lines around point up to the next empty ones.
The region where it is active."
  (interactive)
  (if (use-region-p)
      (marmalade-evaluate (region-beginning) (region-end))
    (let ((begin (save-excursion
                   (beginning-of-line)
                   (if (re-search-backward "^[ \t]*\n" nil t) (match-end 0) (point-min))))
          (end (save-excursion
                 (end-of-line)
                 (if (re-search-forward "\n[ \t]*$" nil t) (match-beginning 0) (point-max)))))
      (marmalade-evaluate begin (max begin end)))))

(defun marmalade-evaluate-line ()
  "Evaluate the line of point."
  (interactive)
  (marmalade-evaluate (line-beginning-position) (line-end-position)))

(defun marmalade-evaluate-all ()
  "Evaluate the buffer."
  (interactive)
  (marmalade-evaluate (point-min) (point-max)))

(defun marmalade-hush ()
  "Silence all tracks."
  (interactive)
  (marmalade--start 'hush "" #'ignore))

(defun marmalade-panic ()
  "Silence everything at once."
  (interactive)
  (marmalade--start 'panic "" #'ignore))

(defun marmalade-interrupt ()
  "Interrupt the evaluation that runs."
  (interactive)
  (marmalade--start 'interrupt "" #'ignore))

(defun marmalade--fields ()
  "Code and place of the cursor."
  (list (cons 'code (buffer-substring-no-properties (point-min) (point-max)))
        (cons 'position (- (point) (point-min)))))

(defun marmalade-completion-at-point ()
  "Completion for `completion-at-point-functions'."
  (let* ((answer (marmalade--ask 'complete (marmalade--fields)))
         (found (alist-get 'completions answer)))
    (when found
      (let ((metas (mapcar (lambda (each) (cons (alist-get 'text each) (alist-get 'meta each))) found)))
        (list (+ (point-min) (alist-get 'start answer)) (point)
              (mapcar #'car metas)
              :exclusive 'no
              :annotation-function (lambda (text) (concat "  " (cdr (assoc text metas)))))))))

(defun marmalade-document ()
  "Show what is known of the name at point."
  (interactive)
  (let* ((page (marmalade--ask 'document (marmalade--fields)))
         (failed (alist-get 'text (alist-get 'error page))))
    (if (member (alist-get 'title page) '(nil ""))
        (message "%s" (or failed "Nothing is known of this."))
      (with-help-window "*marmalade*"
        (princ (or (alist-get 'signature page) ""))
        (princ "\n\n")
        (princ (or (alist-get 'doc page) ""))
        (dolist (example (alist-get 'examples page))
          (princ (concat "\n\n    " example)))))))

;; Lights: `marmalade lights' says which characters sound, when they are heard, and hears how a text has changed.

(defvar marmalade--lamp nil "The process of the lights, while it runs.")
(defvar marmalade--rest "" "What the lamp has said of a line that is not complete.")
(defvar marmalade--coming nil "A timer: a text has changed.")

(defun marmalade--light (source places)
  "Light PLACES in the buffers of the file SOURCE.
Each is a list of line, column and characters, from 1."
  (dolist (buffer (buffer-list))
    (when (equal source (file-name-nondirectory (or (buffer-file-name buffer) "")))
      (with-current-buffer buffer
        (remove-overlays (point-min) (point-max) 'marmalade t)
        (dolist (place places)
          (save-excursion
            (goto-char (point-min))
            (when (zerop (forward-line (1- (nth 0 place))))
              (let ((begin (min (+ (point) (1- (nth 1 place))) (line-end-position))))
                (let ((overlay (make-overlay begin (min (+ begin (nth 2 place)) (line-end-position)))))
                  (overlay-put overlay 'marmalade t)
                  (overlay-put overlay 'face 'highlight))))))))))

(defun marmalade--shine (_process text)
  "Light what TEXT of the lamp tells."
  (let ((lines (split-string (concat marmalade--rest text) "\n")))
    (setq marmalade--rest (car (last lines)))
    (dolist (line (butlast lines))
      (let ((told (marmalade--parsed line)))
        (marmalade--light (alist-get 'source told) (alist-get 'lit told))))))

(defun marmalade--dark (process _event)
  "Put the lights out when PROCESS has ended."
  (unless (process-live-p process)
    (setq marmalade--lamp nil marmalade--rest "")
    (dolist (buffer (buffer-list))
      (with-current-buffer buffer (remove-overlays (point-min) (point-max) 'marmalade t)))))

(defun marmalade--tell (buffer)
  "Say what BUFFER looks like now."
  (setq marmalade--coming nil)
  (when (and marmalade--lamp (buffer-live-p buffer) (buffer-file-name buffer))
    (with-current-buffer buffer
      (process-send-string
       marmalade--lamp
       (concat (json-serialize (list (cons 'source (file-name-nondirectory buffer-file-name))
                                     (cons 'text (buffer-substring-no-properties (point-min) (point-max)))))
               "\n")))))

(defun marmalade--changed (&rest _)
  "Say what the buffer looks like, five times a second at most.
So lights go with their lines."
  (when (and marmalade--lamp (not marmalade--coming))
    (setq marmalade--coming (run-with-timer 0.2 nil #'marmalade--tell (current-buffer)))))

(defun marmalade-lights ()
  "Begin to light what sounds, or end it."
  (interactive)
  (if marmalade--lamp
      (process-send-eof marmalade--lamp)
    (setq marmalade--lamp
          (make-process :name "marmalade-lights" :command (append marmalade-command '("lights"))
                        :connection-type 'pipe :coding 'utf-8 :noquery t
                        :filter #'marmalade--shine :sentinel #'marmalade--dark))
    (marmalade--tell (current-buffer))))

(defvar marmalade-mode-map
  (let ((map (make-sparse-keymap)))
    (define-key map (kbd "C-c C-c") #'marmalade-evaluate-block)
    (define-key map (kbd "C-c C-l") #'marmalade-evaluate-line)
    (define-key map (kbd "C-c C-a") #'marmalade-evaluate-all)
    (define-key map (kbd "C-c C-h") #'marmalade-hush)
    (define-key map (kbd "C-c C-p") #'marmalade-panic)
    (define-key map (kbd "C-c C-k") #'marmalade-interrupt)
    (define-key map (kbd "C-c C-d") #'marmalade-document)
    (define-key map (kbd "C-c C-s") #'marmalade-lights)
    map)
  "Keys of `marmalade-mode'.")

;;;###autoload
(define-minor-mode marmalade-mode
  "Play Marmalade from a Python buffer."
  :lighter " ♪"
  :keymap marmalade-mode-map
  (if marmalade-mode
      (progn (add-hook 'completion-at-point-functions #'marmalade-completion-at-point nil t)
             (add-hook 'after-change-functions #'marmalade--changed nil t))
    (remove-hook 'completion-at-point-functions #'marmalade-completion-at-point t)
    (remove-hook 'after-change-functions #'marmalade--changed t)))

(provide 'marmalade)

;;; marmalade.el ends here
